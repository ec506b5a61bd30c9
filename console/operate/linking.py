"""`keepstep link|unlink|resync`: a person says which record is a user's."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from console.operate.commands import NOT_YET, WAIT_SECONDS_MAX, Wait
from console.operate.entries import parked
from console.operate.links import all_links, link_of, links_topic
from console.operate.links import link as link_now
from console.operate.orders import about, of_user
from console.operate.reader import Reader
from console.operate.sending import send
from console.operate.target import Destination, Target, User, target
from events.exits import BadConfiguration
from events.publisher import Message
from processors.correlation.rules import Lookup
from processors.delivery.link import Link
from processors.destination_file import OBSERVED, described
from processors.rest.url import is_plain_id

RecordId = Annotated[str, typer.Argument(help="the record's id at the destination")]
OneUser = Annotated[
    str | None, typer.Option("--user", help="of this user_id alone, not of everybody")
]
Field = Annotated[
    str | None, typer.Option("--field", help="this field alone, as the file names it")
]


def link(
    destination: Destination, user_id: User, record_id: RecordId, *, wait: Wait = True
) -> None:
    """Say which record is the user's: what waited for that is tried at once.

    Fields are sent to it anew as they come.
    """
    chosen = target(destination)
    refuse_unfit_id(record_id, lookup_of(chosen))
    with Reader(chosen.kafka) as reader:
        waiting = [
            event
            for event in parked(reader, chosen, [chosen.partition_of(user_id)])
            if (event.user, event.state) == (user_id, "review")
        ]
    order = of_user(chosen, "link", user_id, record=record_id)
    retries = [about(chosen, "retry", event, None) for event in waiting]
    orders = [order, *retries]
    _say(chosen, user_id, orders, lambda found: found.record_id == record_id, wait=wait)


def unlink(destination: Destination, user_id: User, *, wait: Wait = True) -> None:
    """Forget which record is the user's: it is looked up at the next event."""
    chosen = target(destination)
    _refuse_unseen(chosen, user_id)
    orders = [of_user(chosen, "unlink", user_id)]
    _say(chosen, user_id, orders, lambda found: found.record_id is None, wait=wait)


def resync(
    destination: Destination, *, user: OneUser = None, field: Field = None
) -> None:
    """Forget what was sent, so that the next event sends it anew; links stay."""
    chosen = target(destination)
    if field is not None:
        _refuse_unknown(chosen, field)
    if user is not None:
        _refuse_unseen(chosen, user)
    with Reader(chosen.kafka) as reader:
        known: Iterable[str]
        known = all_links(reader, chosen) if user is None else [user]
        more = {} if field is None else {"field": field}
        sent = send(
            chosen.kafka, [of_user(chosen, "resync", name, **more) for name in known]
        )
    what = "all fields" if field is None else f"the field {field}"
    typer.echo(f"sent: resync {what} of {sent} users; the next event of each sends it")


def lookup_of(chosen: Target) -> Lookup:
    """Return what the destination's file says of finding records.

    Raises:
        BadConfiguration: The table is wrong; `check` says where.
    """
    try:
        return Lookup.model_validate(_file(chosen).get("lookup", {}))
    except ValidationError:
        raise BadConfiguration(
            f"{chosen.name}: lookup: is wrong: see `keepstep check`"
        ) from None


def look_ups_of(chosen: Target) -> frozenset[str]:
    """Return by what the destination's file can find records: `email`, `user_id`."""
    asked = _file(chosen).get("requests", {})
    keys = {"email": "find", "user_id": "find_by_user_id"}
    return frozenset(key for key, table in keys.items() if table in asked)


def refuse_unfit_id(record_id: str, lookup: Lookup) -> None:
    """Refuse what can be no id of a record.

    Raises:
        BadConfiguration: It is not as the file says, or leads elsewhere in a URL.
    """
    if not is_plain_id(record_id):
        raise BadConfiguration(
            f"{record_id!r} is no id of a record: say it as the destination does, "
            "without / \\ ? # % and spaces"
        )
    if not lookup.is_id(record_id):
        raise BadConfiguration(
            f"{record_id!r} is no id of a record: it does not match lookup.id_pattern, "
            f"{lookup.id_pattern}"
        )


def _file(chosen: Target) -> dict[str, Any]:
    name = chosen.name.removesuffix(OBSERVED)
    return described(chosen.worker.destinations_dir, name)


def _refuse_unseen(chosen: Target, user_id: str) -> None:
    with Reader(chosen.kafka) as reader:
        if link_now(reader, chosen, user_id) is None:
            raise BadConfiguration(
                f"nothing is known of this user at {chosen.name}: say the user_id as "
                f"`keepstep links export {chosen.name}` does"
            )


def _refuse_unknown(chosen: Target, field: str) -> None:
    name = chosen.name.removesuffix(OBSERVED)
    known = sorted(_file(chosen).get("fields", {}))
    if field not in known:
        raise BadConfiguration(
            f"{name} has no field {field!r}: say one of {', '.join(known) or 'none'}"
        )


def _say(
    chosen: Target,
    user_id: str,
    orders: list[Message],
    done: Callable[[Link], bool],
    *,
    wait: bool,
) -> None:
    """Send *orders*, and wait until the user's link is as it shall be."""
    with Reader(chosen.kafka) as reader:
        link_now(reader, chosen, user_id)
        seen = reader.read_to
        send(chosen.kafka, orders)
        typer.echo("sent")
        if not wait:
            return
        for message in reader.follow(links_topic(chosen), seen, WAIT_SECONDS_MAX):
            found = link_of(message, user_id)
            if found is not None and done(found):
                typer.echo("done")
                return
    typer.echo(
        f"not done within {WAIT_SECONDS_MAX:g} s: a worker does it as soon as it has "
        f"the partition, see `keepstep status {chosen.name}`"
    )
    raise typer.Exit(NOT_YET)
