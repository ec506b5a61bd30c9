"""`keepstep release|skip|retry`: a person decides about one parked event."""

from __future__ import annotations

from typing import Annotated

import typer

from console.operate.choice import Meant, find, refuse_unfit
from console.operate.entries import Parked, entry, retry_key
from console.operate.orders import about
from console.operate.reader import Reader
from console.operate.sending import send
from console.operate.target import Destination, Target, User, target

WAIT_SECONDS_MAX = 5.0
NOT_YET = 1
Offset = Annotated[int, typer.Argument(min=0, help="its offset, as `parked` shows it")]
Topic = Annotated[
    str | None, typer.Option(help="first 8 characters of the topic's id, if asked for")
]
Reason = Annotated[str | None, typer.Option(help="why; it is kept with the command")]
Wait = Annotated[
    bool, typer.Option(help=f"wait up to {WAIT_SECONDS_MAX:g} s until it is done")
]


def release(
    destination: Destination,
    user_id: User,
    offset: Offset,
    *,
    topic: Topic = None,
    wait: Wait = True,
) -> None:
    """Let a held event be tried again: what made it a dead letter is mended."""
    _say("release", destination, Meant(user_id, offset, topic), wait=wait)


def retry(
    destination: Destination,
    user_id: User,
    offset: Offset,
    *,
    topic: Topic = None,
    wait: Wait = True,
) -> None:
    """Try a parked event now, not at its time: what it waited for has come."""
    _say("retry", destination, Meant(user_id, offset, topic), wait=wait)


def skip(
    destination: Destination,
    user_id: User,
    offset: Offset,
    *,
    topic: Topic = None,
    reason: Reason = None,
    wait: Wait = True,
) -> None:
    """End a parked event without a call; its outcome is `ignored`."""
    _say("skip", destination, Meant(user_id, offset, topic), reason, wait=wait)


def _say(
    command: str, name: str, meant: Meant, reason: str | None = None, *, wait: bool
) -> None:
    chosen = target(name)
    with Reader(chosen.kafka) as reader:
        event = find(reader, chosen, meant)
        refuse_unfit(command, event)
        seen = reader.read_to
        send(chosen.kafka, [about(chosen, command, event, reason)])
        typer.echo(
            f"sent: {command} the event at offset {event.offset}, partition "
            f"{event.partition}, in state {event.state}"
        )
        if wait:
            _wait(reader, chosen, event, seen)


def _wait(reader: Reader, target: Target, event: Parked, seen: dict[int, int]) -> None:
    """Say what became of the event's entry, or that nothing has yet: exit code 1."""
    topic = target.topics.retry(target.name).name
    for message in reader.follow(topic, seen, WAIT_SECONDS_MAX):
        if message.key() == retry_key(event):
            if message.value() is None:
                typer.echo("done: it is parked no more")
            else:
                typer.echo(f"done: {now_in(entry(message))}")
            return
    typer.echo(
        f"not done within {WAIT_SECONDS_MAX:g} s: a worker does it as soon as it has "
        f"the partition, see `keepstep status {target.name}`"
    )
    raise typer.Exit(NOT_YET)


def now_in(event: Parked) -> str:
    """Return how the event is parked now."""
    due = f", due {event.not_before}" if event.not_before else ""
    return f"it is in state {event.state} now, {event.attempt} attempts made{due}"
