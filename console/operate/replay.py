"""`keepstep dead replay`: sends dead letters on their way once more."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import Annotated

import typer

from console.operate.letters import ByClass, Letter, again, letter, letters
from console.operate.reader import Reader
from console.operate.sending import send
from console.operate.target import Destination, Target, target
from events.codec import UnreadableEvent
from events.exits import BadConfiguration
from events.publisher import Message

Place = Annotated[int | None, typer.Argument(min=0, help="as `dead list` shows it")]


def replay(
    destination: Destination,
    partition: Place = None,
    offset: Place = None,
    *,
    dead_class: ByClass = None,
) -> None:
    """Send one dead letter, or all of a class, through every destination again.

    The original bytes become a new message of the events topic; what something newer
    has replaced in the meantime is left as it is.
    """
    one = partition is not None and offset is not None
    if one == (dead_class is not None) or (partition is None) != (offset is None):
        raise BadConfiguration(
            "dead replay: say which: a partition and an offset, or --class and a class"
        )
    chosen = target(destination)
    with Reader(chosen.kafka) as reader:
        if partition is not None and offset is not None:
            _one(chosen, letter(reader, chosen, partition, offset))
        else:
            of_class = (
                one for one in letters(reader, chosen) if one.dead_class == dead_class
            )
            _all(chosen, _Messages(of_class, chosen.topics.events.name))


def _one(target: Target, found: Letter) -> None:
    try:
        message = again(found, target.topics.events.name)
    except UnreadableEvent as error:
        raise BadConfiguration(
            f"the dead letter at partition {found.partition}, offset {found.offset} "
            f"cannot be replayed: its bytes are no readable event ({error.reason}): "
            "mend them and send them to ingest, `keepstep dead show --bytes` has them"
        ) from None
    send(target.kafka, [message])
    typer.echo(f"sent 1 event to {message.topic}")


def _all(target: Target, messages: _Messages) -> None:
    sent = send(target.kafka, messages)
    typer.echo(
        f"sent {sent} events to {target.topics.events.name}; "
        f"{messages.repeated} letters were of an event sent already"
    )
    if messages.unreadable:
        raise BadConfiguration(
            f"{len(messages.unreadable)} letters cannot be replayed, their bytes are "
            f"no readable event: partition/offset {', '.join(messages.unreadable)}: "
            "mend them and send them to ingest, `keepstep dead show --bytes` has them"
        )


class _Messages:
    """The letters' events as new messages, each event once.

    An event that was replayed and given up again has two letters: to send both would
    double the letters with each replay.
    """

    def __init__(self, found: Iterator[Letter], topic: str) -> None:
        self._found = found
        self._topic = topic
        self.repeated = 0
        self.unreadable: list[str] = []

    def __iter__(self) -> Iterator[Message]:
        seen: set[bytes] = set()
        for found in self._found:
            digest = sha256(found.value).digest()
            if digest in seen:
                self.repeated += 1
                continue
            seen.add(digest)
            try:
                yield again(found, self._topic)
            except UnreadableEvent:
                self.unreadable.append(f"{found.partition}/{found.offset}")
