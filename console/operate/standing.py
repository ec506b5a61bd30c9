"""`keepstep pause|resume`: holds a whole destination, and lets it go on."""

from __future__ import annotations

import typer

from console.operate.commands import NOT_YET, WAIT_SECONDS_MAX, Reason, Wait
from console.operate.links import meta
from console.operate.orders import standing
from console.operate.reader import Reader
from console.operate.sending import send
from console.operate.target import Destination, target
from processors.ledger.keys import META


def pause(
    destination: Destination, *, reason: Reason = None, wait: Wait = True
) -> None:
    """Make no more calls to a destination until `resume`, also over restarts."""
    _say("pause", destination, reason, wait=wait)


def resume(
    destination: Destination, *, reason: Reason = None, wait: Wait = True
) -> None:
    """Let a paused destination go on."""
    _say("resume", destination, reason, wait=wait)


def _say(command: str, name: str, reason: str | None, *, wait: bool) -> None:
    chosen = target(name)
    links = chosen.topics.links(name).name
    with Reader(chosen.kafka) as reader:
        bounds = reader.bounds(links, chosen.partitions)
        seen = {number: end for number, (_, end) in bounds.items()}
        send(chosen.kafka, standing(chosen, command, reason))
        typer.echo(f"sent: {command} {name}, to {len(seen)} partitions")
        if not wait:
            return
        missing = set(seen)
        for message in reader.follow(links, seen, WAIT_SECONDS_MAX):
            found = meta(message) if message.key() == META else None
            if found and (found.paused is not None) == (command == "pause"):
                missing.discard(message.partition() or 0)
            if not missing:
                typer.echo(f"done: {name} is {command}d")
                return
    numbers = ", ".join(map(str, sorted(missing)))
    typer.echo(
        f"not done within {WAIT_SECONDS_MAX:g} s at partitions {numbers}: a worker "
        f"does it as soon as it has them, see `keepstep status {name}`"
    )
    raise typer.Exit(NOT_YET)
