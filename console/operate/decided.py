"""Waits for what comes of a decision about an open item, and says it."""

from __future__ import annotations

import typer

from console.operate.commands import NOT_YET, WAIT_SECONDS_MAX, now_in
from console.operate.entries import Parked, entry, retry_key
from console.operate.links import link
from console.operate.open_items import OpenItem
from console.operate.reader import Reader
from console.operate.table import printable
from console.operate.target import Target
from processors.correlation.act import PRETENDED


def say_record(
    reader: Reader, chosen: Target, event: Parked, seen: dict[int, int]
) -> None:
    """Say which record the user of *event* has once it ended, else exit code 1."""
    last = None
    for message in reader.follow(_retry(chosen), seen, WAIT_SECONDS_MAX):
        if message.key() != retry_key(event):
            continue
        if message.value() is None:
            _say_record(reader, chosen, event.user)
            return
        last = entry(message)
        if last.state == "review":
            typer.echo(f"no record was made, it is open still: {last.reason}")
            raise typer.Exit(NOT_YET)
    _say_not_yet(chosen, "" if last is None else now_in(last))


def say_ends(
    reader: Reader, chosen: Target, item: OpenItem, seen: dict[int, int]
) -> None:
    """Say when nothing of *item* waits any more, else exit code 1."""
    missing = {retry_key(event) for event in item.lane}
    for message in reader.follow(_retry(chosen), seen, WAIT_SECONDS_MAX):
        if message.value() is None:
            missing.discard(message.key() or b"")
        if not missing:
            typer.echo("done")
            return
    _say_not_yet(chosen, f"{len(missing)} wait still")


def _retry(chosen: Target) -> str:
    return chosen.topics.retry(chosen.name).name


def _say_record(reader: Reader, chosen: Target, user_id: str) -> None:
    known = link(reader, chosen, user_id)
    match None if known is None else known.record_id:
        case None:
            typer.echo(
                "it waits no more, and the user has no record: `keepstep user "
                f"{chosen.name} <user_id>` says how it ended"
            )
            raise typer.Exit(NOT_YET)
        case str(record_id) if record_id == PRETENDED:
            typer.echo("done: a record would be made")
        case record_id:
            typer.echo(f"done: the user's record is {printable(record_id)}")


def _say_not_yet(chosen: Target, state: str) -> None:
    typer.echo(
        f"not done within {WAIT_SECONDS_MAX:g} s{state and f', {state}'}: a worker "
        "does it as soon as it has the partition, see `keepstep status "
        f"{chosen.name}`"
    )
    raise typer.Exit(NOT_YET)
