"""`keepstep status`: how far a destination is, and what holds it up."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import typer

from console.operate.overview import Overview, overview
from console.operate.table import printable, table
from console.operate.target import AsJson, Destination, target


def status(destination: Destination, *, as_json: AsJson = False) -> None:
    """Show lag, parked events, pauses, the workers, and one worker's gate."""
    found = overview(target(destination))
    if as_json:
        typer.echo(msgspec.json.encode(found))
    else:
        typer.echo("\n".join(printable(line) for line in _lines(found)))
        typer.echo(_partitions(found))


def _lines(found: Overview) -> Iterator[str]:
    yield f"{found.destination}: {_paused(found)}"
    yield f"gate: {_gate(found)}"
    yield f"lag: {found.lag}"
    counts = ", ".join(f"{count} {state}" for state, count in found.parked.items())
    yield f"parked: {sum(found.parked.values())}" + (f" ({counts})" if counts else "")
    if commands := sum(one.commands for one in found.partitions):
        yield f"commands that no worker has carried out yet: {commands}"
    yield f"group: {found.group}, {found.group_state}, {len(found.members)} members"
    for member in found.members:
        numbers = ", ".join(map(str, member.partitions)) or "none"
        yield f"  {member.client_id} at {member.host}: partitions {numbers}"


def _paused(found: Overview) -> str:
    if not found.paused:
        return "not paused"
    one = next(partition.paused for partition in found.partitions if partition.paused)
    whole = len(found.paused) == len(found.partitions)
    where = "" if whole else f" at partitions {', '.join(map(str, found.paused))}"
    reason = f": {one.reason}" if one.reason else ""
    since = f" since {one.at}" if one.at else ""
    return f"paused{since}{where}{reason}"


def _gate(found: Overview) -> str:
    if found.gate is None:
        return f"unknown: {found.gate_unknown}"
    if found.gate.open:
        return "open"
    why = ": ".join(word for word in (found.gate.cause, found.gate.reason) if word)
    since = f" since {found.gate.since}" if found.gate.since else ""
    return f"closed{since}: {why or 'it does not say why'}"


def _partitions(found: Overview) -> str:
    states = list(found.parked)
    head = ["partition", "end", "committed", "lag", *states, "paused"]
    return table(
        head,
        (
            [
                one.partition,
                one.end,
                one.committed,
                one.lag,
                *(one.parked.get(state, 0) for state in states),
                "paused" if one.paused else None,
            ]
            for one in found.partitions
        ),
    )
