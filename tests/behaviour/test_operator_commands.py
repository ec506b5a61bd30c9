"""`keepstep parked|release|skip|retry|pause|resume` on a real Kafka.

Real: the broker, the command line. The topics are filled by the test in the formats
that workers read and write; no worker runs.
"""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest
from confluent_kafka import Producer

from tests.support.eventually import eventually
from tests.support.operating import (
    PARTITIONS,
    TOPIC_REF,
    Desk,
    partition_of,
)

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(180)]
ANN, BEA = "auth0|ann", "auth0|bea"


@pytest.fixture
def desk(kafka: str, installation: str, tmp_path: Path) -> Desk:
    return Desk(kafka, installation, tmp_path)


# ---- parked


def test_parked_shows_each_event_that_waits_as_it_is_now(desk: Desk) -> None:
    desk.park(ANN, 17, attempt=2, not_before="2030-01-01T00:00:00.000+00:00")
    desk.park(BEA, 4, state="review", reason="unmatched", attempt=1)
    desk.park(BEA, 4, state="held", reason="HTTP 422", attempt=6)
    desk.park(BEA, 9)
    desk.unpark(BEA, 9)
    desk.flush()

    done = desk.keepstep("parked", "crm")

    assert done.code == 0, done.err
    assert done.table[0][:4] == ["user", "offset", "state", "attempt"]
    found = {row[0]: row for row in done.table}
    assert found[ANN][:4] == [ANN, "17", "waiting", "2"]
    assert found[ANN][4:7:2] == ["2030-01-01T00:00:00.000+00:00", "d"]
    assert found[BEA][:5] == [BEA, "4", "held", "6", "-"]
    assert found[BEA][-2:] == ["HTTP", "422"]
    assert "2 parked:" in done.out


def test_parked_can_be_asked_for_a_user_a_state_and_json(desk: Desk) -> None:
    desk.park(ANN, 17)
    desk.park(ANN, 18, state="held")
    desk.park(BEA, 4, state="held", not_before=None)
    desk.flush()

    of_ann = desk.keepstep("parked", "crm", "--user", ANN, "--json")
    held = desk.keepstep("parked", "crm", "--state", "held", "--json")
    nobody = desk.keepstep("parked", "crm", "--user", "auth0|cem")

    assert [(one["user"], one["offset"]) for one in of_ann.json] == [
        (ANN, 17),
        (ANN, 18),
    ]
    assert {(one["user"], one["offset"]) for one in held.json} == {(ANN, 18), (BEA, 4)}
    assert of_ann.json[0]["event_id"] == "evt_17"
    assert of_ann.json[0]["topic_ref"] == TOPIC_REF
    assert nobody.out == "nothing is parked\n"


def test_parked_reads_many_entries_beside_ended_ones(desk: Desk) -> None:
    for offset in range(5_000):
        desk.park(f"auth0|{offset % 1_000}", offset)
        desk.park(f"auth0|{offset % 1_000}", offset + 100_000)
        desk.unpark(f"auth0|{offset % 1_000}", offset + 100_000)
    desk.flush()

    done = desk.keepstep("parked", "crm")

    assert done.out.splitlines()[-1] == "5000 parked: 5000 waiting"


def test_parked_does_not_show_what_a_worker_did_not_commit(desk: Desk) -> None:
    desk.park(ANN, 17)
    desk.flush()
    worker = Producer(
        {"bootstrap.servers": desk.kafka, "transactional.id": f"t{uuid4().hex}"}
    )
    worker.init_transactions(30)
    worker.begin_transaction()
    key = f"{BEA}@{TOPIC_REF}@4".encode()
    worker.produce(desk.topics.retry("crm").name, b"{}", key, partition_of(BEA))
    worker.flush(30)
    worker.abort_transaction(30)

    done = desk.keepstep("parked", "crm", "--json")

    assert [one["user"] for one in done.json] == [ANN]


def test_a_record_that_is_no_entry_is_named_with_its_place(desk: Desk) -> None:
    desk.put(desk.topics.retry("crm").name, b"nonsense", b"{}", {}, 1)
    desk.flush()

    done = desk.keepstep("parked", "crm")

    assert done.code == 2
    assert f"{desk.topics.retry('crm').name}, partition 1, offset 0" in done.err
    assert len(done.err.splitlines()) == 1


def test_what_a_user_wrote_cannot_steer_the_terminal(desk: Desk) -> None:
    desk.park("auth0|\x1b[2Jx@y", 17)
    desk.flush()

    done = desk.keepstep("parked", "crm")

    assert "auth0|\\x1b[2Jx@y" in done.out
    assert "\x1b" not in done.out


# ---- release, skip, retry


@pytest.mark.parametrize(
    ("command", "state", "more"),
    [
        ("release", "held", {}),
        ("retry", "review", {}),
        ("skip", "waiting", {"reason": "asked for by phone"}),
    ],
)
def test_a_command_names_the_event_and_goes_where_its_user_is(
    desk: Desk, command: str, state: str, more: dict[str, str]
) -> None:
    for user in (ANN, BEA):
        desk.park(user, 17, state=state)
    desk.flush()
    options = [word for name, text in more.items() for word in (f"--{name}", text)]

    done = desk.keepstep(command, "crm", BEA, "17", "--no-wait", *options)

    assert done.code == 0, done.err
    [(partition, key, value)] = desk.commands()
    assert (partition, key) == (partition_of(BEA), BEA.encode())
    assert value.pop("at").endswith("+00:00")
    wanted = {"format": 1, "command": command, "offset": 17, "topic": TOPIC_REF}
    assert value == wanted | more
    assert done.out.startswith(f"sent: {command} the event at offset 17, partition")


def test_a_command_about_what_is_not_parked_is_refused_without_naming_the_user(
    desk: Desk,
) -> None:
    desk.park(ANN, 17)
    desk.park(ANN, 21)
    desk.park(ANN, 30)
    desk.unpark(ANN, 30)
    desk.flush()

    other = desk.keepstep("skip", "crm", ANN, "30")
    nobody = desk.keepstep("skip", "crm", "auth0|nobody", "17")

    assert (other.code, nobody.code) == (2, 2)
    assert "at offset 30: say one of 17, 21; `keepstep parked crm`" in other.err
    assert "the user has none parked" in nobody.err
    assert "auth0|" not in other.err + nobody.err
    assert desk.commands() == []


def test_release_is_for_held_events_and_retry_for_all_others(desk: Desk) -> None:
    desk.park(ANN, 17)
    desk.park(BEA, 4, state="held")
    desk.flush()

    released = desk.keepstep("release", "crm", ANN, "17")
    retried = desk.keepstep("retry", "crm", BEA, "4")

    assert (released.code, retried.code) == (2, 2)
    assert "in state waiting: let it be tried now with `keepstep retry`" in released.err
    assert "in state held: let it go on with `keepstep release`" in retried.err
    assert desk.commands() == []


def test_where_the_events_topic_was_made_anew_the_topic_is_asked_for(
    desk: Desk,
) -> None:
    desk.park(ANN, 17)
    desk.park(ANN, 17, ref="anewanew")
    desk.flush()

    unclear = desk.keepstep("skip", "crm", ANN, "17", "--no-wait")
    clear = desk.keepstep("skip", "crm", ANN, "17", "--topic", "anewanew", "--no-wait")

    assert unclear.code == 2
    assert f"add --topic {TOPIC_REF} or anewanew" in unclear.err
    assert clear.code == 0
    assert [value["topic"] for _, _, value in desk.commands()] == ["anewanew"]


def test_a_command_waits_and_says_that_the_event_is_parked_no_more(desk: Desk) -> None:
    desk.park(ANN, 17)
    desk.flush()

    with desk.started("skip", "crm", ANN, "17") as running:
        eventually(desk.commands)
        desk.unpark(ANN, 17)
        desk.flush()
        done = running.finish()

    assert done.code == 0, done.err
    assert done.out.splitlines()[-1] == "done: it is parked no more"


def test_a_command_waits_and_says_how_the_event_is_parked_now(desk: Desk) -> None:
    desk.park(ANN, 17, state="held", attempt=6)
    desk.flush()

    with desk.started("release", "crm", ANN, "17") as running:
        eventually(desk.commands)
        desk.park(ANN, 18)
        desk.park(ANN, 17, attempt=6, not_before="2025-06-01T13:00:00.000+00:00")
        desk.flush()
        done = running.finish()

    assert done.code == 0, done.err
    assert done.out.splitlines()[-1] == (
        "done: it is in state waiting now, 6 attempts made, "
        "due 2025-06-01T13:00:00.000+00:00"
    )


def test_a_command_that_no_worker_carries_out_in_time_ends_with_1(desk: Desk) -> None:
    desk.park(ANN, 17)
    desk.flush()

    done = desk.keepstep("skip", "crm", ANN, "17")

    assert done.code == 1
    assert "not done within 5 s" in done.out
    assert len(desk.commands()) == 1


# ---- pause, resume


def test_pause_and_resume_reach_every_partition(desk: Desk) -> None:
    desk.keepstep("pause", "crm", "--reason", "moving house", "--no-wait")
    desk.keepstep("resume", "crm", "--no-wait")

    sent = desk.commands()

    assert [number for number, _, _ in sent] == [0, 0, 1, 1, 2, 2]
    assert {key for _, key, _ in sent} == {b"@all"}
    told = [{n: v for n, v in value.items() if n != "at"} for _, _, value in sent[:2]]
    assert told == [
        {"format": 1, "command": "pause", "reason": "moving house"},
        {"format": 1, "command": "resume"},
    ]


def test_pause_waits_until_every_partition_says_so(desk: Desk) -> None:
    meta = {"topic": TOPIC_REF, "start": 0, "commands": -1, "paused": None}
    with desk.started("pause", "crm") as running:
        eventually(lambda: len(desk.commands()) == PARTITIONS)
        for number in range(PARTITIONS):
            desk.link(b"@meta", meta, number)
            desk.link(ANN.encode(), {"taken": 1}, number)
            desk.link(b"@meta", meta | {"commands": 0, "paused": {}}, number)
        desk.flush()
        done = running.finish()

    assert done.code == 0, done.out
    assert done.out.splitlines()[-1] == "done: crm is paused"


def test_pause_names_the_partitions_that_no_worker_has_paused(desk: Desk) -> None:
    with desk.started("pause", "crm") as running:
        eventually(lambda: len(desk.commands()) == PARTITIONS)
        desk.link(b"@meta", {"commands": 0, "paused": {"reason": ""}}, 1)
        desk.flush()
        done = running.finish()

    assert done.code == 1
    assert "at partitions 0, 2" in done.out
