"""The entries of the retry topic that have not ended."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, get_args

from confluent_kafka import Message

from console.operate.reader import Reader
from console.operate.target import Target
from events import headers as h
from events.exits import BadConfiguration
from processors.delivery.lane import EntryState

STATES: tuple[EntryState, ...] = get_args(EntryState)


class Parked(NamedTuple):
    """One parked event; `partition` and `offset` are its place in the events topic."""

    user: str
    topic_ref: str
    partition: int
    offset: int
    state: str
    attempt: int
    not_before: str | None
    first_failed_at: str | None
    reason: str | None
    event_id: str | None
    event_type: str | None

    @property
    def failed_at(self) -> float | None:
        """When it was parked first, in epoch seconds."""
        return None if self.first_failed_at is None else _epoch(self.first_failed_at)


def parked(reader: Reader, target: Target, partitions: Iterable[int]) -> list[Parked]:
    """Return what is parked in *partitions*, in the order of the events topic.

    Raises:
        BadConfiguration: A record is no entry; the message says where it is.
    """
    found: dict[bytes, Parked] = {}
    topic = target.topics.retry(target.name).name
    for message in reader.records(topic, partitions):
        key = message.key() or b""
        if message.value() is None:
            found.pop(key, None)
        else:
            found[key] = entry(message)
    return sorted(found.values(), key=lambda one: (one.partition, one.offset))


def entry(message: Message) -> Parked:
    """Return the entry that a record of the retry topic holds."""
    try:
        user, topic_ref, offset = (message.key() or b"").decode().rsplit("@", 2)
        headers = h.decode(message.headers())
        return Parked(
            user,
            topic_ref,
            message.partition() or 0,
            int(offset),
            headers.get(h.STATE, "waiting"),
            int(headers.get(h.ATTEMPT, 0)),
            headers.get(h.NOT_BEFORE),
            headers.get(h.FIRST_FAILED_AT),
            headers.get(h.REASON),
            headers.get(h.EVENT_ID),
            headers.get(h.EVENT_TYPE),
        )
    except ValueError:
        raise BadConfiguration(
            f"{message.topic()}, partition {message.partition()}, offset "
            f"{message.offset()}: no entry of a parked event: write a null for its key "
            "with kafka-console-producer.sh, or restore the record"
        ) from None


def retry_key(event: Parked) -> bytes:
    """Return the key of the event's entry."""
    return f"{event.user}@{event.topic_ref}@{event.offset}".encode()


def _epoch(text: str) -> float | None:
    try:
        return h.epoch_seconds(text)
    except ValueError:
        return None
