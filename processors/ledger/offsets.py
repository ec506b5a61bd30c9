"""Reads offsets: where partitions begin and end, and what a group has committed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

from confluent_kafka import Consumer, TopicPartition

from events.kafka import KafkaSettings
from processors.ledger.clients import Deadline, LedgerUnavailable, consumer

MARK = "keepstep;"


class Ends(NamedTuple):
    """The first offset of a partition, and the one that its next record will get."""

    low: int
    high: int


class Committed(NamedTuple):
    """What a group has committed; `marked`: by us, and not by an operator's tool."""

    offset: int | None
    marked: bool


class MarkedOffsets(NamedTuple):
    """Offsets of one topic, by partition, to commit for a group with our mark."""

    group: str
    topic: str
    offsets: Mapping[int, int]

    def positions(self) -> list[TopicPartition]:
        """Return them as librdkafka takes them."""
        return [
            TopicPartition(self.topic, partition, offset, metadata=MARK)
            for partition, offset in self.offsets.items()
        ]


def ends(
    kafka: KafkaSettings, topic: str, partitions: Collection[int], seconds_max: float
) -> dict[int, Ends]:
    """Return where each partition begins and ends, open transactions included.

    Raises:
        LedgerUnavailable: It took longer than *seconds_max*, or the broker refused.
    """
    deadline = Deadline(seconds_max)
    with consumer(kafka, f"{topic}.ends", "read_uncommitted") as opened:
        return {p: ends_of(opened, topic, p, deadline) for p in partitions}


def ends_of(opened: Consumer, topic: str, partition: int, deadline: Deadline) -> Ends:
    """Return where a partition begins and ends, as far as *opened* may read.

    A consumer that reads only what is committed is told the last stable offset.
    """
    place = TopicPartition(topic, partition)
    return Ends(*opened.get_watermark_offsets(place, deadline.left_seconds()))


def committed(
    kafka: KafkaSettings,
    group: str,
    topic: str,
    partitions: Collection[int],
    seconds_max: float,
) -> dict[int, Committed]:
    """Return what *group* has committed, without being or becoming a member.

    Waits for transactions that are just committing offsets of these partitions.

    Raises:
        LedgerUnavailable: It took longer than *seconds_max*, or the broker refused.
    """
    places = [TopicPartition(topic, partition) for partition in partitions]
    with consumer(kafka, group, "read_committed") as opened:
        found = opened.committed(places, seconds_max)
    for place in found:
        if place.error is not None:
            raise LedgerUnavailable(place.error.name())
    return {p.partition: _committed(p) for p in found}


def _committed(place: TopicPartition) -> Committed:
    offset = place.offset if place.offset >= 0 else None
    return Committed(offset, is_marked(lambda: place.metadata))


def is_marked(metadata: Callable[[], str | None]) -> bool:
    """Whether *metadata* begins with our mark.

    confluent-kafka 2.16 reads on behind its end: now and then strange bytes follow,
    with luck no UTF-8. The mark has an end of its own.
    """
    try:
        return (metadata() or "").startswith(MARK)
    except UnicodeDecodeError as error:
        return error.object.startswith(MARK.encode())


def at_time(
    kafka: KafkaSettings,
    topic: str,
    partitions: Collection[int],
    epoch_seconds: float,
    seconds_max: float,
) -> dict[int, int]:
    """Return the first offset of each partition that is not older than a time.

    Where there is none it is the partition's end, as it was after the question.

    Raises:
        LedgerUnavailable: It took longer than *seconds_max*, or the broker refused.
    """
    deadline = Deadline(seconds_max)
    moment_ms = round(epoch_seconds * 1000)
    places = [TopicPartition(topic, partition, moment_ms) for partition in partitions]
    with consumer(kafka, f"{topic}.times", "read_uncommitted") as opened:
        found = opened.offsets_for_times(places, deadline.left_seconds())
        return {
            place.partition: place.offset
            if place.offset >= 0
            else ends_of(opened, topic, place.partition, deadline).high
            for place in found
        }


def of_no_member(kafka: KafkaSettings, group: str) -> Any:
    """Return what a transaction needs to commit offsets for *group* from outside it.

    While a group has members the broker takes offsets from nobody else, except in a
    transaction, whose producer it fences instead.
    """
    with consumer(kafka, group, "read_committed") as opened:
        return opened.consumer_group_metadata()
