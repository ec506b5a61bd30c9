"""`keepstep try`: prints what an event would do at a destination."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from console.operate.table import printable
from events.exits import BROKER_UNREACHABLE, BadConfiguration
from events.model import Event, UnreadableEvent
from events.model import read as read_event
from events.settings import read as read_settings
from processors.correlation.calls import Fetch, Fetched, Find, Found, Gone
from processors.delivery.link import Link
from processors.delivery.verdict import (
    NeedsGrace,
    NeedsReview,
    NotMade,
    Rejected,
    RetryLater,
    Settled,
    Unavailable,
    Verdict,
)
from processors.destination import Destination, load
from processors.destination_file import environment
from processors.rehearsal import Rehearsal, Step, rehearse
from processors.rest.answers import Meaning
from processors.rest.bodies import JSON
from processors.rest.client import RestClient
from processors.settings import WorkerSettings


def rehearsed(
    destination: Annotated[str, typer.Argument(help="name of a destination file")],
    event: Annotated[
        Path, typer.Argument(help="a file with one event, as Auth0 sends it")
    ],
    *,
    offline: Annotated[
        bool, typer.Option("--offline", help="ask nobody: every look-up finds nobody")
    ] = False,
    record: Annotated[
        str | None, typer.Option(help="id of the record that the user is linked to")
    ] = None,
) -> None:
    """Print the calls that an event would make, with bodies, and its outcome.

    Look-ups are really asked, unless --offline. Nothing is ever written: the calls that
    would change a record are printed only, and taken to succeed.
    """
    found = load(
        read_settings(WorkerSettings).destinations_dir, destination, environment()
    )
    done = asyncio.run(_rehearsed(found, _read(event), record, offline=offline))
    for step in done.steps:
        typer.echo("\n".join(printable(line) for line in _lines(step)))
    typer.echo(printable(outcome(done.verdict)))
    if isinstance(done.verdict, RetryLater | Unavailable):
        raise typer.Exit(BROKER_UNREACHABLE)


def _read(path: Path) -> Event:
    try:
        return read_event(path.read_bytes())
    except OSError as error:
        raise BadConfiguration(
            f"{path} cannot be read ({error.strerror}): name a file with an event"
        ) from None
    except UnreadableEvent as error:
        raise BadConfiguration(
            f"{path} is no event ({error}): name a file with a body as Auth0 sends it"
        ) from None


async def _rehearsed(
    destination: Destination, event: Event, record: str | None, *, offline: bool
) -> Rehearsal:
    link = Link(record_id=record)
    if offline:
        return await rehearse([event], link, destination, None)
    async with RestClient(
        destination, destination.lookup, lambda: True, targets=destination.fields
    ) as client:

        async def read(call: Find | Fetch) -> Meaning:
            return (await client.call(call)).meaning

        return await rehearse([event], link, destination, read)


def _lines(step: Step) -> Iterator[str]:
    request = step.request
    yield f"{request.method} {request.url}"
    if request.body is not None:
        if request.headers["content-type"] == JSON:
            body = json.loads(request.body)
            yield from json.dumps(body, indent=2, ensure_ascii=False).splitlines()
        else:
            yield request.body.decode()
    yield f"  -> {_answer(step)}"


def _answer(step: Step) -> str:  # noqa: PLR0911 -- one for each kind of answer
    if not isinstance(step.call, Find | Fetch):
        return "not sent"
    if not step.made:
        return "not asked: nobody, so far"
    match step.meaning:
        case Found(record_ids=()):
            return "nobody"
        case Found(record_ids=ids):
            return ", ".join(ids)
        case Fetched():
            return "the record"
        case Gone():
            return "gone"
        case RetryLater(reason=reason) | Rejected(reason=reason):
            return reason
        case Unavailable(reason=reason):
            return reason
        case other:
            return type(other).__name__


def outcome(verdict: Verdict) -> str:  # noqa: PLR0911 -- one for each kind
    """Return how the event would end, in one line."""
    match verdict:
        case Settled(ends=ends):
            end = ends[-1]
            fields = f": {', '.join(end.fields)}" if end.fields else ""
            action = f" ({end.action})" if end.action else ""
            return f"outcome: {end.outcome}{action}{fields}"
        case NeedsReview(reason=reason):
            return f"waits for a person: {reason}"
        case Rejected(dead_class=dead_class, reason=reason):
            return f"dead letter: {dead_class}: {reason}"
        case RetryLater(reason=reason):
            return f"would be tried again: {reason}"
        case Unavailable(cause=cause, reason=reason):
            return f"would wait for the destination: {cause}: {reason}"
        case NeedsGrace(reason=reason):
            return f"would wait out its grace: {reason}"
        case NotMade():
            return "no call may be made"
