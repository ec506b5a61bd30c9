"""Reads stretches of partitions: what is committed in them, and each to its end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

from events.headers import Headers
from events.kafka import KafkaSettings
from events.publisher import Message as Written
from processors.ledger.clients import Deadline, LedgerUnavailable
from processors.ledger.clients import consumer as open_for

BATCH_MAX = 10_000
NEWEST_SECONDS_MAX = 60.0
CONSUME_SECONDS = 0.02  # `consume` waits this long where fewer records come


class Stretch(NamedTuple):
    """The offsets of a partition from `begin` up to, but without, `end`."""

    topic: str
    partition: int
    begin: int
    end: int


class Held(NamedTuple):
    """Records that follow each other in a partition, and the offset after them."""

    messages: Sequence[Written]
    end: int


def read(
    consumer: Consumer, stretches: Sequence[Stretch], deadline: Deadline
) -> Iterator[Message]:
    """Yield the records of *stretches*, of each partition in the order of its log.

    A stretch is over when the consumer's position reaches its end, not already at the
    last stable offset: there an open transaction hides what follows, and this waits
    until it is over. Give one stretch per partition at most.

    Raises:
        LedgerUnavailable: *deadline* passed, or a partition cannot be read.
    """
    wanted = [stretch for stretch in stretches if stretch.begin < stretch.end]
    ends: dict[tuple[str | None, int | None], int]
    ends = {(stretch.topic, stretch.partition): stretch.end for stretch in wanted}
    batch_max = min(BATCH_MAX, sum(end - begin for _, _, begin, end in wanted))
    consumer.assign([TopicPartition(*stretch[:3]) for stretch in wanted])
    try:
        while ends:
            for message in consumer.consume(batch_max, CONSUME_SECONDS):
                place = message.topic(), message.partition()
                end = ends.get(place)
                if end is None:
                    continue  # this one is over; what follows it is not asked for
                reached = _reached(message)
                if reached <= end and message.error() is None:
                    yield message
                if reached >= end:
                    del ends[place]
            if ends and deadline.passed:
                raise LedgerUnavailable("read_timeout")
    finally:
        consumer.unassign()


def pairs(headers: object) -> Headers:
    """Return the headers that a record came with; the stubs allow them other forms."""
    return headers if isinstance(headers, list) else []


def _reached(message: Message) -> int:
    """Return the offset that follows a record, or that of a partition's end.

    The last record of a partition is a transaction's marker, which no reader is given:
    only the end tells that it was passed.
    """
    offset = message.offset() or 0
    error = message.error()
    if error is None:
        return offset + 1
    if error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 -- its public name
        return offset
    raise LedgerUnavailable(error.name())


def newest_offset(kafka: KafkaSettings, topic: str, partition: int, key: bytes) -> int:
    """Return where the newest record with *key* is, -1 where there is none. Slow."""
    deadline = Deadline(NEWEST_SECONDS_MAX)
    with open_for(kafka, f"{topic}.newest", "read_committed") as opened:
        places = TopicPartition(topic, partition)
        low, high = opened.get_watermark_offsets(places, deadline.left_seconds())
        stretch = Stretch(topic, partition, low, high)
        offsets = [
            message.offset() or 0
            for message in read(opened, [stretch], deadline)
            if message.key() == key
        ]
    return max(offsets, default=-1)
