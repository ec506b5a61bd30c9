"""Reads what the ledger's partitions hold: the links, and what is parked."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from confluent_kafka import Consumer, Message

from events.kafka import KafkaSettings
from events.topics import Topic
from processors.delivery.lane import Waiting
from processors.ledger import decode
from processors.ledger.clients import Deadline, consumer
from processors.ledger.decode import UnreadableRecord
from processors.ledger.offsets import ends_of
from processors.ledger.stretches import Stretch, read

QUICK = {
    "fetch_queue_backoff_ms": 5,  # after a full queue; by default a whole second
    "queued_max_messages_kbytes": 16_384,
    "queued_min_messages": 50_000,
    "fetch_wait_max_ms": 10,
}


class Unreadable(NamedTuple):
    """Where in the retry topic an entry is that cannot be read, and why."""

    offset: int
    why: str


class Snapshot(NamedTuple):
    """What one partition holds, keys and links as they were written.

    `parked` are events without their bodies, which `Values` reads again.
    `retry_end` is the offset that the next record of the retry partition gets. The
    records of a transaction follow each other there, and one more offset is its end.
    """

    links: dict[bytes, bytes]
    parked: dict[bytes, Waiting | Unreadable]
    retry_end: int


def load(
    kafka: KafkaSettings,
    links: Topic,
    retry: Topic,
    partitions: Collection[int],
    seconds_max: float,
) -> dict[int, Snapshot]:
    """Return what *partitions* hold, up to where they end now. Blocks: use a thread.

    Fence their former owners before: then all that those wrote lies before the end.
    The end is that of the log, not of what can be read at once: a stranger's open
    transaction hides what follows it, and this waits until it is over.

    Raises:
        LedgerUnavailable: It took longer than *seconds_max*, or the broker refused.
    """
    deadline = Deadline(seconds_max)
    names = links.name, retry.name
    places = [(name, partition) for name in names for partition in partitions]
    with consumer(kafka, f"{links.name}.loader", "read_uncommitted") as opened:
        _connect(opened, names, deadline)
        ends = {place: ends_of(opened, *place, deadline) for place in places}
    found = {p: Snapshot({}, {}, ends[retry.name, p].high) for p in partitions}
    stretches = [Stretch(*place, *end) for place, end in ends.items()]
    if all(end.low == end.high for end in ends.values()):
        return found
    with consumer(kafka, f"{links.name}.loader", "read_committed", **QUICK) as opened:
        _connect(opened, names, deadline)
        for message in read(opened, stretches, deadline):
            _take(found[message.partition() or 0], message, links.name)
    return found


def _connect(opened: Consumer, topics: tuple[str, ...], deadline: Deadline) -> None:
    """Ask for metadata: a consumer that is not connected waits 0.5 s to fetch."""
    for topic in topics:
        opened.list_topics(topic, timeout=deadline.left_seconds())


def _take(snapshot: Snapshot, message: Message, links: str) -> None:
    key, value = message.key() or b"", message.value()
    if message.topic() == links:
        if value is None:
            snapshot.links.pop(key, None)
        else:
            snapshot.links[key] = value
    elif value is None:
        snapshot.parked.pop(key, None)
    else:
        snapshot.parked[key] = _parked(key, value, message)


def _parked(key: bytes, value: bytes, message: Message) -> Waiting | Unreadable:
    """Read an entry at once: the headers of a hundred thousand are too much to keep."""
    offset = message.offset() or 0
    try:
        return decode.parked(key, message.headers(), len(value), offset)
    except UnreadableRecord as error:  # of no concern if its event has ended since
        return Unreadable(offset, str(error))
