"""`keepstep dead list|show|replay` on a real Kafka.

Real: the broker, the command line. The dead letters are written by the test as workers
write them; no worker runs.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.operating import Desk, an_event, partition_of

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(180)]
ANN, BEA = "auth0|ann", "auth0|bea"
ODD = b"\xff\x00 no event\n\x1b[2J"
UNREADABLE = "unreadable"


@pytest.fixture
def desk(kafka: str, installation: str, tmp_path: Path) -> Desk:
    return Desk(kafka, installation, tmp_path)


def test_list_says_why_after_how_many_attempts_when_and_where(desk: Desk) -> None:
    desk.bury(an_event(ANN), partition=2, event_id="evt_1", source_offset=17)
    desk.bury(ODD, partition=1, dead_class=UNREADABLE, reason="not_json", attempt=0)
    desk.flush()

    done = desk.keepstep("dead", "list", "crm")
    as_json = desk.keepstep("dead", "list", "crm", "--class", "gave_up", "--json")

    assert done.code == 0, done.err
    head, *rows, total = done.table
    assert " ".join(head) == "partition offset class reason attempt at event id"
    assert ["1", "0", UNREADABLE, "not_json", "0"] in [row[:5] for row in rows]
    assert ["2", "0", "gave_up", "HTTP", "500", "3"] in [row[:6] for row in rows]
    assert total == ["2", "dead", "letters"]
    [one] = as_json.json
    assert (one["partition"], one["offset"], one["event_id"]) == (2, 0, "evt_1")
    assert (one["source_offset"], one["size_bytes"]) == (17, len(an_event(ANN)))


def test_show_prints_headers_and_the_event_safely(desk: Desk) -> None:
    desk.bury(ODD, partition=1, dead_class=UNREADABLE, reason="not_json")
    desk.flush()

    done = desk.keepstep("dead", "show", "crm", "1", "0")

    headers, body = done.out.split("\n\n", 1)
    assert "class: unreadable" in headers.splitlines()
    assert "key: auth0|ann" in headers.splitlines()
    assert body == "\\xff\\x00 no event\n\\x1b[2J\n"


def test_show_can_give_the_original_bytes_and_nothing_else(desk: Desk) -> None:
    desk.bury(ODD, partition=1)
    desk.flush()

    done = desk.keepstep("dead", "show", "crm", "1", "0", "--bytes")

    assert done.raw == ODD


def test_show_of_what_is_not_there_says_where_to_look(desk: Desk) -> None:
    desk.bury(an_event(ANN))
    desk.flush()

    for place in (("0", "1"), ("1", "0"), ("7", "0")):
        done = desk.keepstep("dead", "show", "crm", *place)

        assert done.code == 2
        assert "`keepstep dead list crm` shows all" in done.err
        assert len(done.err.splitlines()) == 1


def test_replay_sends_the_same_bytes_under_the_key_that_ingest_gives(
    desk: Desk,
) -> None:
    body = json.dumps(json.loads(an_event(BEA)), indent=2).encode()
    desk.bury(body, partition=1, event_id="evt_1", received_at="2025-06-01T12:00:00Z")
    desk.flush()

    done = desk.keepstep("dead", "replay", "crm", "1", "0")

    assert done.code == 0, done.err
    [sent] = desk.stored("events")
    assert (sent.key, sent.value) == (BEA.encode(), body)
    assert b"\n" in body
    assert sent.partition == partition_of(BEA)
    kept = {"event-id": "evt_1", "received-at": "2025-06-01T12:00:00Z"}
    assert sent.headers == kept
    assert done.out == f"sent 1 event to {desk.topics.events.name}\n"


def test_replay_of_a_class_sends_each_event_once_and_in_order(desk: Desk) -> None:
    for number in (1, 2, 3):
        desk.bury(an_event(ANN, f"evt_{number}"))
    desk.bury(an_event(ANN, "evt_1"))
    desk.bury(an_event(ANN, "evt_4"), dead_class="rejected")
    desk.flush()

    done = desk.keepstep("dead", "replay", "crm", "--class", "gave_up")

    assert done.code == 0, done.err
    sent = [json.loads(one.value or b"")["id"] for one in desk.stored("events")]
    assert sent == ["evt_1", "evt_2", "evt_3"]
    assert "sent 3 events to" in done.out
    assert "1 letters were of an event sent already" in done.out


def test_replay_refuses_what_cannot_be_read_and_sends_the_rest(desk: Desk) -> None:
    desk.bury(ODD, partition=1)
    desk.bury(an_event(ANN), partition=1)
    desk.flush()

    one = desk.keepstep("dead", "replay", "crm", "1", "0")
    none_sent = desk.stored("events")
    all_of_them = desk.keepstep("dead", "replay", "crm", "--class", "gave_up")

    assert (one.code, none_sent) == (2, [])
    assert "partition 1, offset 0 cannot be replayed" in one.err
    assert "(not_json)" in one.err
    assert all_of_them.code == 2
    assert len(desk.stored("events")) == 1
    assert "1 letters cannot be replayed" in all_of_them.err
    assert "partition/offset 1/0: mend them" in all_of_them.err
