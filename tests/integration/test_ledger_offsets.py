"""Offsets of a group and of the log, and who may commit them: on a real broker."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from processors.ledger.offsets import (
    Committed,
    Ends,
    MarkedOffsets,
    at_time,
    committed,
    ends,
    is_marked,
)
from processors.ledger.transactions import Written
from sandbox.kafka import java, tools
from sandbox.kafka.jars import class_path
from tests.support.eventually import eventually
from tests.support.ledger import Ledger, make_ledger, open_transaction

pytestmark = pytest.mark.kafka
SECONDS_MAX = 20.0


@pytest.fixture
def ledger(kafka: str, installation: str) -> Ledger:
    return make_ledger(kafka, installation)


def fill(ledger: Ledger, *times_ms: int, partition: int = 0) -> None:
    """Write events with these times into the source topic."""
    producer = Producer({"bootstrap.servers": ledger.kafka.bootstrap_servers})
    for time_ms in times_ms:
        name = ledger.topics.events.name
        producer.produce(name, b"event", b"ann", partition, timestamp=time_ms)
    assert producer.flush(SECONDS_MAX) == 0


def groups_offsets(ledger: Ledger) -> dict[int, Committed]:
    name, group = ledger.topics.events.name, ledger.topics.installation
    return committed(ledger.kafka, group, name, range(3), SECONDS_MAX)


@contextmanager
def a_member(ledger: Ledger) -> Iterator[Consumer]:
    """Join the group as its only member, and own every partition."""
    member = Consumer(
        {
            "bootstrap.servers": ledger.kafka.bootstrap_servers,
            "group.id": ledger.topics.installation,
            "enable.auto.commit": False,
        }
    )
    member.subscribe([ledger.topics.events.name])

    def joined() -> bool:
        member.poll(0.05)
        return len(member.assignment()) == 3

    eventually(joined)
    yield member
    member.close()


def reset(ledger: Ledger, directory: Path, *where: str) -> None:
    """Move the group as an operator would, with Kafka's own tool."""
    tools.write(directory, java.find(), class_path())
    tool = str(directory / "kafka-consumer-groups.sh")
    topic, group = ledger.topics.events.name, ledger.topics.installation
    server = ledger.kafka.bootstrap_servers
    command = [tool, "--bootstrap-server", server, "--group", group]
    command += ["--topic", topic, "--reset-offsets", *where, "--execute"]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "NEW-OFFSET" in done.stdout, done.stdout + done.stderr


def test_a_group_that_never_committed_has_no_offsets(ledger: Ledger) -> None:
    assert groups_offsets(ledger) == {
        p: Committed(None, marked=False) for p in range(3)
    }


def test_an_owner_commits_with_the_mark_while_the_group_has_a_member(
    ledger: Ledger,
) -> None:
    owner = ledger.opened()
    name, group = ledger.topics.events.name, ledger.topics.installation
    fill(ledger, 1, 2, 3)

    with a_member(ledger) as member:
        written = owner.write(
            [ledger.link(b"ann", b"rewound")], MarkedOffsets(group, name, {0: 2})
        )
        with_mark = groups_offsets(ledger)
        member.commit(offsets=[TopicPartition(name, 0, 3)], asynchronous=False)
        without = groups_offsets(ledger)

    assert written is Written.DURABLE
    assert with_mark[0] == Committed(2, marked=True)
    assert without[0] == Committed(3, marked=False)
    assert [r.value for r in ledger.stored([ledger.links])] == [b"rewound"]


def test_offsets_are_committed_without_a_record_beside_them(ledger: Ledger) -> None:
    name, group = ledger.topics.events.name, ledger.topics.installation

    written = ledger.opened().write([], MarkedOffsets(group, name, {2: 7}))

    assert written is Written.DURABLE
    assert groups_offsets(ledger)[2] == Committed(7, marked=True)


def test_a_fenced_owner_commits_no_offsets(ledger: Ledger) -> None:
    older, newer = ledger.opened(), ledger.opened()
    name, group = ledger.topics.events.name, ledger.topics.installation
    newer.write([ledger.link(b"ann", b"link")], MarkedOffsets(group, name, {0: 2}))

    written = older.write(
        [ledger.link(b"ann", b"rewound")], MarkedOffsets(group, name, {0: 1})
    )

    assert written is Written.FENCED
    assert groups_offsets(ledger)[0] == Committed(2, marked=True)


def test_a_reset_by_kafkas_own_tool_takes_the_mark_away(
    ledger: Ledger, tmp_path: Path
) -> None:
    owner = ledger.opened()
    name, group = ledger.topics.events.name, ledger.topics.installation
    fill(ledger, 1, 2, 3)
    marked = MarkedOffsets(group, name, {0: 3, 1: 0, 2: 0})
    assert owner.write([ledger.link(b"ann", b"link")], marked) is Written.DURABLE

    reset(ledger, tmp_path, "--to-earliest")

    assert groups_offsets(ledger)[0] == Committed(0, marked=False)


def test_a_partition_ends_behind_its_open_transactions(ledger: Ledger) -> None:
    with open_transaction(ledger, ledger.link(b"ann", b"foreign")) as stranger:
        opened = ends(ledger.kafka, ledger.links.name, [0, 1], SECONDS_MAX)
        stranger.abort_transaction(20)
    ended = ends(ledger.kafka, ledger.links.name, [0, 1], SECONDS_MAX)

    assert opened == {0: Ends(0, 1), 1: Ends(0, 0)}
    assert ended == {0: Ends(0, 2), 1: Ends(0, 0)}


def test_a_time_is_the_first_offset_that_is_not_older(ledger: Ledger) -> None:
    now_ms = int(time.time()) * 1000
    fill(ledger, now_ms - 60_000, now_ms - 40_000, now_ms - 20_000)
    fill(ledger, now_ms - 60_000, now_ms - 50_000, partition=1)
    name = ledger.topics.events.name

    exactly = at_time(ledger.kafka, name, [0], now_ms / 1000 - 40, SECONDS_MAX)
    between = at_time(ledger.kafka, name, range(3), now_ms / 1000 - 30, SECONDS_MAX)

    assert exactly == {0: 1}
    assert between == {0: 2, 1: 2, 2: 0}  # the end, where nothing is as new


@pytest.mark.parametrize(
    ("raw", "marked"),
    [
        (b"keepstep;", True),
        (b"keepstep;\x90", True),
        (b"keepstep;x", True),
        (b"", False),
        (b"\x90", False),
        (b"keepste", False),
    ],
)
def test_strange_bytes_behind_the_mark_do_not_hide_it(raw: bytes, marked: bool) -> None:  # noqa: FBT001 -- one fact of the case
    assert is_marked(raw.decode) is marked
