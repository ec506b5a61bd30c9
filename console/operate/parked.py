"""`keepstep parked`: what waits, and for what."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

import msgspec
import typer

from console.operate.entries import Parked
from console.operate.entries import parked as read_parked
from console.operate.reader import Reader
from console.operate.table import age, table
from console.operate.target import AsJson, Destination, target
from processors.delivery.lane import EntryState

HEAD = ("user", "offset", "state", "attempt", "not before", "age", "reason")


def parked(
    destination: Destination,
    *,
    user: Annotated[str | None, typer.Option(help="only this user_id's")] = None,
    state: Annotated[EntryState | None, typer.Option(help="only in this state")] = None,
    as_json: AsJson = False,
) -> None:
    """Show the parked events: those that wait for a time, a person or a budget."""
    chosen = target(destination)
    places = chosen.partitions if user is None else [chosen.partition_of(user)]
    with Reader(chosen.kafka) as reader:
        found = [
            event
            for event in read_parked(reader, chosen, places)
            if user in (None, event.user) and state in (None, event.state)
        ]
    if as_json:
        for event in found:
            typer.echo(msgspec.json.encode(event._asdict()))
    else:
        typer.echo(shown(found))


def shown(events: list[Parked]) -> str:
    """Return the events as a table, with their number at the end."""
    if not events:
        return "nothing is parked"
    return f"{table(HEAD, map(row, events))}\n{len(events)} parked: {counted(events)}"


def row(event: Parked) -> tuple[object, ...]:
    """Return the event's line of the table."""
    return (
        event.user,
        event.offset,
        event.state,
        event.attempt,
        event.not_before,
        age(event.failed_at),
        event.reason,
    )


def counted(events: list[Parked]) -> str:
    """Return how many there are in each state."""
    states = Counter(event.state for event in events)
    return ", ".join(f"{count} {state}" for state, count in states.most_common())
