"""`keepstep deactivations confirm|discard`: what the brake on a mass of them holds."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated

import typer

from console.operate.commands import NOT_YET, WAIT_SECONDS_MAX, Reason
from console.operate.entries import Parked, parked, retry_key
from console.operate.orders import about
from console.operate.reader import Reader
from console.operate.sending import send
from console.operate.target import Destination, Target, target
from processors.delivery.commands import BRAKED

Wait = Annotated[
    bool,
    typer.Option(
        help=f"wait until all are done, up to {WAIT_SECONDS_MAX:g} s for the next"
    ),
]
app = typer.Typer(
    no_args_is_help=True,
    help="Deactivations that wait because there were too many: confirm or discard.",
)


@app.command()
def confirm(
    destination: Destination, *, reason: Reason = None, wait: Wait = True
) -> None:
    """Let all that wait now be carried out; later ones are held to the limit."""
    _say("confirm", destination, reason, wait=wait)


@app.command()
def discard(
    destination: Destination, *, reason: Reason = None, wait: Wait = True
) -> None:
    """End all that wait now without a call; their outcome is `ignored`."""
    _say("discard", destination, reason, wait=wait)


def _say(command: str, name: str, reason: str | None, *, wait: bool) -> None:
    chosen = target(name)
    with Reader(chosen.kafka) as reader:
        held = [
            event
            for event in parked(reader, chosen, chosen.partitions)
            if (event.state, event.reason) == ("review", BRAKED)
        ]
        seen = reader.read_to
        send(chosen.kafka, [about(chosen, command, event, reason) for event in held])
        typer.echo(f"sent: {command} {len(held)} deactivations")
        if wait and held:
            _wait(reader, chosen, held, seen)


def _wait(
    reader: Reader, target: Target, held: Collection[Parked], seen: dict[int, int]
) -> None:
    """Say when every entry has changed, or that none does any more: exit code 1."""
    missing = {retry_key(event) for event in held}
    topic, goes_on = target.topics.retry(target.name).name, True
    while goes_on:
        goes_on = False
        for message in reader.follow(topic, seen, WAIT_SECONDS_MAX):
            seen[message.partition() or 0] = (message.offset() or 0) + 1
            goes_on = goes_on or (message.key() or b"") in missing
            missing.discard(message.key() or b"")
            if not missing:
                typer.echo("done")
                return
    typer.echo(
        f"{len(missing)} not done within {WAIT_SECONDS_MAX:g} s: a worker does it as "
        f"soon as it has their partitions, see `keepstep status {target.name}`"
    )
    raise typer.Exit(NOT_YET)
