"""Dead letters as an operator sees them: why, since when, and the original bytes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, NamedTuple

import typer
from confluent_kafka import Message

from console.operate.reader import Reader
from console.operate.target import Target
from events import codec
from events import headers as h
from events.exits import BadConfiguration
from events.publisher import Message as Outgoing
from processors.delivery.verdict import DeadClass
from processors.ledger.keys import ENDED

ByClass = Annotated[
    DeadClass | None, typer.Option("--class", help="only letters of this class")
]
_OF_THE_EVENT = (
    h.EVENT_ID,
    h.EVENT_TYPE,
    h.EVENT_TIME,
    h.RECEIVED_AT,
    h.TRACEPARENT,
)


class Letter(NamedTuple):
    """One record of the dead letter topic; `partition` and `offset` are its place."""

    partition: int
    offset: int
    at: str
    headers: dict[str, str]
    key: bytes
    value: bytes

    @property
    def dead_class(self) -> str | None:
        """Why no later attempt was made."""
        return self.headers.get(h.DEAD_CLASS)


def letters(reader: Reader, target: Target) -> Iterator[Letter]:
    """Yield every dead letter of the destination, each partition in order."""
    topic = target.topics.dead(target.name).name
    for message in reader.records(topic, target.partitions):
        if message.key() != ENDED or message.headers():
            yield _letter(message)


def letter(reader: Reader, target: Target, partition: int, offset: int) -> Letter:
    """Return the one at that place.

    Raises:
        BadConfiguration: There is none; the message names the cure.
    """
    topic = target.topics.dead(target.name).name
    found = None
    if partition in target.partitions:
        found = reader.one(topic, partition, offset)
    if found is None:
        raise BadConfiguration(
            f"there is no dead letter at partition {partition}, offset {offset} of "
            f"{topic}: `keepstep dead list {target.name}` shows all"
        )
    return _letter(found)


def again(letter: Letter, topic: str) -> Outgoing:
    """Return the event as a new message, with the key that ingest gives it.

    Raises:
        UnreadableEvent: There is no key in the bytes, so no place in any order.
    """
    key = codec.peek(letter.value).key.encode()
    kept = {name: letter.headers.get(name) for name in _OF_THE_EVENT}
    return Outgoing(topic, key, letter.value, h.encode(kept))


def _letter(message: Message) -> Letter:
    return Letter(
        message.partition() or 0,
        message.offset() or 0,
        h.instant(message.timestamp()[1] / 1000),
        h.decode(message.headers()),
        message.key() or b"",
        message.value() or b"",
    )
