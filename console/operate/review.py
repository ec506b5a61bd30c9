"""`keepstep review list|create|link|ignore`: a person decides about an open item."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

import msgspec
import typer

from console.operate import linking
from console.operate.commands import Reason, Wait
from console.operate.decided import say_ends, say_record
from console.operate.open_items import OpenItem, item_of, open_items
from console.operate.orders import about
from console.operate.reader import Reader
from console.operate.sending import send
from console.operate.table import table
from console.operate.target import AsJson, Destination, Target, User, target
from events.exits import BadConfiguration
from processors.correlation.creation import UNLINKED, refusal
from processors.delivery.commands import CREATED

app = typer.Typer(
    no_args_is_help=True,
    help="What waits for a person: list it, and decide about one user's.",
)
HEAD = ("user", "reason", "since", "event type", "events")
RecordId = Annotated[str, typer.Argument(help="the record's id at the destination")]


@app.command("list")
def listed(destination: Destination, *, as_json: AsJson = False) -> None:
    """Show what waits for a person: whose, why, since when, and how many events."""
    chosen = target(destination)
    with Reader(chosen.kafka) as reader:
        items = open_items(reader, chosen, chosen.partitions)
    if as_json:
        for item in items:
            typer.echo(msgspec.json.encode(item.told()))
    else:
        typer.echo(shown(items))


def shown(items: list[OpenItem]) -> str:
    """Return the items as a table, with their number at the end."""
    if not items:
        return "nothing waits for a person"
    rows = (
        (
            i.event.user,
            i.reason,
            i.event.first_failed_at,
            i.event.event_type,
            len(i.lane),
        )
        for i in items
    )
    reasons = Counter(item.reason for item in items).most_common()
    counted = ", ".join(f"{count} {reason}" for reason, count in reasons)
    return f"{table(HEAD, rows)}\n{len(items)} open: {counted}"


@app.command()
def create(destination: Destination, user_id: User, *, wait: Wait = True) -> None:
    """Have a record made for the user, if none is found once more."""
    chosen = target(destination)
    with Reader(chosen.kafka) as reader:
        item = item_of(reader, chosen, user_id)
        _refuse_creation(chosen, item)
        seen = reader.read_to
        send(chosen.kafka, [about(chosen, "create", item.event, None)])
        typer.echo(f"sent: create a record, open until now: {item.reason}")
        if wait:
            say_record(reader, chosen, item.event, seen)


@app.command()
def link(
    destination: Destination, user_id: User, record_id: RecordId, *, wait: Wait = True
) -> None:
    """Say which record is the user's, as `keepstep link` does: it is tried at once."""
    chosen = target(destination)
    with Reader(chosen.kafka) as reader:
        item = item_of(reader, chosen, user_id)
    if item.reason in UNLINKED:
        raise BadConfiguration(f"link: {UNLINKED[item.reason]}")
    linking.link(destination, user_id, record_id, wait=wait)


@app.command()
def ignore(
    destination: Destination,
    user_id: User,
    *,
    reason: Reason = None,
    wait: Wait = True,
) -> None:
    """End all that waits of the user without a call; the outcomes are `ignored`.

    The user's next event is tried as if nothing had waited.
    """
    chosen = target(destination)
    with Reader(chosen.kafka) as reader:
        item = item_of(reader, chosen, user_id)
        seen = reader.read_to
        # The last one first: what is left of the lane stays open, and is not tried.
        orders = [about(chosen, "skip", event, reason) for event in item.lane[::-1]]
        sent = send(chosen.kafka, orders)
        typer.echo(f"sent: ignore {sent} events, open until now: {item.reason}")
        if wait:
            say_ends(reader, chosen, item, seen)


def _refuse_creation(chosen: Target, item: OpenItem) -> None:
    """Return if a worker may make a record for *item*.

    Raises:
        BadConfiguration: It would not; the message says what helps instead.
    """
    if item.reason in CREATED and item.event.event_type == "user.deleted":
        raise BadConfiguration(
            "create: the user was deleted, and no record is made for who is not there: "
            "end it with `keepstep review ignore`"
        )
    lookup, look_ups = linking.lookup_of(chosen), linking.look_ups_of(chosen)
    refused = refusal(item.reason, lookup, look_ups)
    if refused is not None:
        raise BadConfiguration(f"create: {refused}")
