"""`keepstep status|user` on a real Kafka.

Real: the broker, the command line, the group's member. The topics are filled by the
test in the formats that workers write; no worker runs, its admin port is a small
server's.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, TopicPartition

from events.log import user_ref
from tests.support.eventually import eventually
from tests.support.operating import PARTITIONS, TOPIC_REF, Desk, partition_of
from tests.support.service import USER_REF_SECRET

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(180)]
ANN = "auth0|ann"
VERSION = ["2025-06-01T12:00:00.123456789Z", "2025-06-01T12:00:00.000000000Z", "e1", 1]
OLDER = ["2025-05-01T12:00:00.000000000Z", "", "e0", 1]


@pytest.fixture
def desk(kafka: str, installation: str, tmp_path: Path) -> Desk:
    return Desk(kafka, installation, tmp_path)


@contextmanager
def admin_port(desk: Desk, answer: bytes) -> Iterator[None]:
    """Answer /status as a worker's admin port that the command is told of."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(503 if self.path == "/status" else 404)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        desk.env["KEEPSTEP_WORKER_ADMIN_PORT"] = str(server.server_port)
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def status(desk: Desk) -> dict[str, Any]:
    done = desk.keepstep("status", "crm", "--json")
    assert done.code == 0, done.err
    [found] = done.json
    return dict(found)


# ---- status


def test_status_of_a_destination_that_no_worker_has_served(desk: Desk) -> None:
    done = desk.keepstep("status", "crm")

    assert done.code == 0, done.err
    said = done.out.splitlines()
    assert said[0] == "crm: not paused"
    assert said[1].startswith("gate: unknown: nobody answers at 127.0.0.1:1: set KEEP")
    assert said[2:4] == ["lag: 0", "parked: 0"]
    assert said[4].endswith(".crm, not there, 0 members")
    assert said[-1].split() == ["2", "0", "-", "-", "-"]


def test_status_shows_lag_and_parked_events_of_each_partition_and_in_sum(
    desk: Desk,
) -> None:
    for number in (0, 0, 0, 1):
        desk.put(desk.topics.events.name, b"k", b"{}", {}, number)
    counted = [0] * PARTITIONS
    for offset, state in enumerate(["waiting", "held", "held"]):
        counted[desk.park(f"auth0|{offset}", offset, state=state)] += 1
    desk.flush()
    consumer = Consumer(
        {"bootstrap.servers": desk.kafka, "group.id": f"{desk.topics.installation}.crm"}
    )
    consumer.commit(
        offsets=[TopicPartition(desk.topics.events.name, 0, 1)], asynchronous=False
    )
    consumer.close()

    found = status(desk)

    assert found["lag"] == 2
    assert [one["lag"] for one in found["partitions"]] == [2, None, None]
    assert [one["end"] for one in found["partitions"]] == [3, 1, 0]
    assert found["parked"] == {"waiting": 1, "held": 2}
    assert [sum(one["parked"].values()) for one in found["partitions"]] == counted
    assert found["group_state"] == "empty"


def test_status_names_the_members_and_what_they_have(desk: Desk) -> None:
    member = Consumer(
        {
            "bootstrap.servers": desk.kafka,
            "group.id": f"{desk.topics.installation}.crm",
            "client.id": "worker-1",
        }
    )
    member.subscribe([desk.topics.events.name])
    eventually(lambda: member.poll(0.1) or member.assignment())

    found, said = status(desk), desk.keepstep("status", "crm").out
    member.close()

    assert found["group_state"] == "stable"
    [one] = found["members"]
    assert (one["client_id"], one["host"]) == ("worker-1", "127.0.0.1")
    assert one["partitions"] == [0, 1, 2]
    assert "  worker-1 at 127.0.0.1: partitions 0, 1, 2" in said


def test_status_says_where_it_is_paused_and_what_is_not_carried_out(
    desk: Desk,
) -> None:
    desk.keepstep("pause", "crm", "--no-wait")
    paused = {"at": "2025-06-01T12:00:00.000+00:00", "reason": "moving house"}
    desk.link(b"@meta", {"commands": -1, "paused": None}, 0)
    desk.link(b"@meta", {"commands": 0, "paused": None}, 1)
    desk.link(b"@meta", {"commands": 0, "paused": paused}, 1)
    desk.flush()

    found, said = status(desk), desk.keepstep("status", "crm").out

    assert found["paused"] == [1]
    assert found["partitions"][1]["paused"] == paused
    assert [one["commands"] for one in found["partitions"]] == [1, 0, 1]
    assert said.startswith(f"crm: paused since {paused['at']} at partitions 1: moving")
    assert "commands that no worker has carried out yet: 2" in said


def test_status_says_why_a_worker_makes_no_calls(desk: Desk) -> None:
    gate = {
        "open": False,
        "cause": "unreachable",
        "reason": "connection refused",
        "since": "2025-06-01T12:00:00.000+00:00",
    }
    with admin_port(desk, json.dumps({"gate": gate}).encode()):
        found, said = status(desk), desk.keepstep("status", "crm").out

    assert found["gate"] == gate
    assert f"gate: closed since {gate['since']}: unreachable: connection refus" in said


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b'{"gate": {"open": true}}', "gate: open"),
        (b"ok\n", "gate: unknown: what answers at 127.0.0.1:"),
        (
            b'{"destination": "billing", "gate": {"open": true}}',
            "is one of billing: set KEEPSTEP_WORKER_ADMIN_HOST",
        ),
    ],
)
def test_status_does_not_take_another_process_for_a_worker(
    desk: Desk, answer: bytes, said: str
) -> None:
    with admin_port(desk, answer):
        assert said in desk.keepstep("status", "crm").out


def test_a_partition_record_that_cannot_be_read_is_named(desk: Desk) -> None:
    desk.put(desk.topics.links("crm").name, b"@meta", b"nonsense", {}, 2)
    desk.flush()

    done = desk.keepstep("status", "crm")

    assert done.code == 2
    assert f"{desk.topics.links('crm').name}, partition 2, offset 0" in done.err
    assert len(done.err.splitlines()) == 1


# ---- user


def known_user(desk: Desk, key: str, user: str) -> None:
    number = partition_of(user)
    old = {"taken": 3, "topic": TOPIC_REF, "id": "41"}
    link = {
        "taken": 17,
        "topic": TOPIC_REF,
        "replay_until": 12,
        "id": "42",
        "version": VERSION,
        "fields": {"email": ["f1"], "name": [None], "phone": ["f2", OLDER]},
    }
    for value in (old, link):
        desk.link(key.encode(), value, number)
    desk.park(user, 17, state="review", reason="ambiguous")
    outcome = {
        "format": 1,
        "event_id": "evt_3",
        "event_type": "user.created",
        "outcome": "applied",
        "action": "created",
        "class": None,
        "reason": None,
        "attempts": 1,
        "source": [desk.topics.events.name, number, 3],
        "ended_at": "2025-06-01T12:00:01.000+00:00",
        "replay": True,
    }
    reference = user_ref(USER_REF_SECRET, user).encode()
    topic = desk.topics.outcomes("crm").name
    desk.put(topic, reference, json.dumps(outcome).encode(), {}, number)
    desk.put(topic, b"somebody-else", b"{}", {}, number)
    desk.flush()


def test_user_shows_link_parked_events_and_outcomes(desk: Desk) -> None:
    known_user(desk, ANN, ANN)

    done = desk.keepstep("user", "crm", ANN)

    assert done.code == 0, done.err
    assert "link: record 42, taken up to offset 17, replayed up to 12" in done.out
    assert ["email", "yes", *VERSION[:3]] in done.table
    assert ["name", "no", *VERSION[:3]] in done.table
    assert ["phone", "yes", OLDER[0], "-", "e0"] in done.table
    assert "1 parked: 1 review" in done.out
    assert "1 outcomes within 14 days" in done.out
    assert "user.created  applied (replay)  created  1         evt_3" in done.out


@pytest.mark.parametrize("user", [ANN, "@meta"])
def test_user_tells_all_of_it_as_json(desk: Desk, user: str) -> None:
    known_user(desk, "@@meta" if user == "@meta" else user, user)

    [found] = desk.keepstep("user", "crm", user, "--json").json

    assert found["user_ref"] == user_ref(USER_REF_SECRET, user)
    assert found["partition"] == partition_of(user)
    assert found["link"]["record_id"] == "42"
    assert found["link"]["fields"]["phone"] == {"version": OLDER, "fingerprint": True}
    assert [one["offset"] for one in found["parked"]] == [17]
    assert [one["source"][2] for one in found["outcomes"]] == [3]


def test_user_says_so_of_somebody_unknown(desk: Desk) -> None:
    done = desk.keepstep("user", "crm", "auth0|nobody")

    assert done.code == 0
    assert "no link: no event of this user has been taken here" in done.out
    assert "nothing is parked" in done.out
    assert "0 outcomes within 14 days" in done.out


def test_a_link_that_cannot_be_read_is_named_without_the_user(desk: Desk) -> None:
    desk.link(ANN.encode(), {"format": 2, "taken": 1}, partition_of(ANN))
    desk.flush()

    done = desk.keepstep("user", "crm", ANN)

    assert done.code == 2
    assert f"partition {partition_of(ANN)}, offset 0: no record" in done.err
    assert "format 2 is of a later release" in done.err
    assert ANN not in done.err
