"""`keepstep dead list|show|replay`: what was given up on, and another go at it."""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer

from console.operate.letters import ByClass, Letter, letter, letters
from console.operate.reader import Reader
from console.operate.replay import replay
from console.operate.table import printable, table
from console.operate.target import AsJson, Destination, target
from events import headers as h

app = typer.Typer(
    no_args_is_help=True, help="The dead letters of a destination: list, show, replay."
)
app.command()(replay)
COLUMNS = ("partition", "offset", "class", "reason", "attempt", "at", "event_id")
Number = Annotated[int, typer.Argument(min=0, help="as `dead list` shows it")]


@app.command(name="list")
def list_letters(
    destination: Destination, *, dead_class: ByClass = None, as_json: AsJson = False
) -> None:
    """List dead letters: why, after how many attempts, when, where."""
    chosen = target(destination)
    with Reader(chosen.kafka) as reader:
        found = [
            _told(one)
            for one in letters(reader, chosen)
            if dead_class in (None, one.dead_class)
        ]
    if as_json:
        for one in found:
            typer.echo(msgspec.json.encode(one))
        return
    if found:
        rows = ([one[name] for name in COLUMNS] for one in found)
        typer.echo(table([name.replace("_", " ") for name in COLUMNS], rows))
    typer.echo(f"{len(found)} dead letters")


@app.command()
def show(
    destination: Destination,
    partition: Number,
    offset: Number,
    *,
    only_bytes: Annotated[
        bool, typer.Option("--bytes", help="the original bytes and nothing else")
    ] = False,
) -> None:
    """Show one dead letter: its headers, and the event as it came."""
    chosen = target(destination)
    with Reader(chosen.kafka) as reader:
        found = letter(reader, chosen, partition, offset)
    if only_bytes:
        typer.echo(found.value, nl=False)
        return
    key = found.key.decode(errors="replace")
    for name, value in {"key": key, "at": found.at, **found.headers}.items():
        typer.echo(printable(f"{name}: {value}"))
    typer.echo()
    typer.echo(printable(found.value.decode(errors="backslashreplace"), kept="\n\t"))


def _told(one: Letter) -> dict[str, object]:
    headers = one.headers
    return {
        "partition": one.partition,
        "offset": one.offset,
        "class": one.dead_class,
        "reason": headers.get(h.REASON),
        "attempt": _number(headers.get(h.ATTEMPT)),
        "at": one.at,
        "event_id": headers.get(h.EVENT_ID),
        "event_type": headers.get(h.EVENT_TYPE),
        "source_partition": _number(headers.get(h.SOURCE_PARTITION)),
        "source_offset": _number(headers.get(h.SOURCE_OFFSET)),
        "size_bytes": len(one.value),
    }


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdecimal() else None
