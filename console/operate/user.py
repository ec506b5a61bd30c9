"""`keepstep user`: all that is known of one user at one destination."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
import typer

from console.operate.entries import Parked, parked
from console.operate.links import link
from console.operate.parked import shown
from console.operate.reader import Reader
from console.operate.table import printable, table
from console.operate.target import AsJson, Destination, Target, User, target
from processors.delivery.link import Link

DAY_SECONDS = 86_400
Days = Annotated[int, typer.Option(min=1, help="outcomes of how many days")]
HEAD = ("ended at", "offset", "type", "outcome", "action", "attempts", "event", "why")


def user(
    destination: Destination, user_id: User, *, days: Days = 14, as_json: AsJson = False
) -> None:
    """Show a user's link, parked events and latest outcomes."""
    chosen = target(destination)
    number = chosen.partition_of(user_id)
    with Reader(chosen.kafka) as reader:
        known = link(reader, chosen, user_id)
        waiting = [
            event for event in parked(reader, chosen, [number]) if event.user == user_id
        ]
        ends = list(_outcomes(reader, chosen, user_id, days))
    reference = chosen.references.user(user_id)
    if as_json:
        told = {
            "user_ref": reference,
            "partition": number,
            "link": None if known is None else _told(known),
            "parked": [_shown(event) for event in waiting],
            "outcomes": ends,
        }
        typer.echo(msgspec.json.encode(told))
    else:
        typer.echo(f"user_ref {reference}, partition {number}")
        typer.echo("\n".join(_sections(known, waiting, ends, days)))


def _outcomes(
    reader: Reader, target: Target, user_id: str, days: int
) -> Iterator[dict[str, Any]]:
    topic = target.topics.outcomes(target.name).name
    key = target.references.user(user_id).encode()
    since_ms = int((time.time() - days * DAY_SECONDS) * 1000)
    for message in reader.records(topic, [target.partition_of(user_id)], since_ms):
        if message.key() == key:
            yield msgspec.json.decode(message.value() or b"{}", type=dict[str, Any])


def _shown(event: Parked) -> dict[str, Any]:
    """Return what is told of a parked event, without the user_id: it was asked for."""
    return {name: it for name, it in event._asdict().items() if name != "user"}


def _told(known: Link) -> dict[str, Any]:
    fields = {
        name: {"version": version, "fingerprint": name in known.fingerprints}
        for name, version in known.versions.items()
    }
    return {
        "record_id": known.record_id,
        "topic": known.topic_ref,
        "taken": known.taken,
        "replay_until": known.replay_until,
        "fields": fields,
    }


def _sections(
    known: Link | None, waiting: list[Parked], ends: list[dict[str, Any]], days: int
) -> Iterator[str]:
    if known is None:
        yield "no link: no event of this user has been taken here"
    else:
        replay = f", replayed up to {known.replay_until}" * (known.replay_until >= 0)
        record = printable(known.record_id or "none")
        yield f"link: record {record}, taken up to offset {known.taken}{replay}"
    if known is not None and known.versions:
        rows = (
            (name, "yes" if name in known.fingerprints else "no", *version[:3])
            for name, version in known.versions.items()
        )
        yield table(("field", "fingerprint", "time", "updated at", "event"), rows)
    yield ""
    yield shown(waiting)
    yield ""
    if ends:
        yield table(HEAD, map(_row, ends))
    yield f"{len(ends)} outcomes within {days} days"


def _row(end: dict[str, Any]) -> tuple[object, ...]:
    source = end.get("source") or [None, None, None]
    why = " ".join(str(end[key]) for key in ("class", "reason") if end.get(key))
    return (
        end.get("ended_at"),
        source[2],
        end.get("event_type"),
        f"{end.get('outcome')}{' (replay)' if end.get('replay') else ''}",
        end.get("action"),
        end.get("attempts"),
        end.get("event_id"),
        why,
    )
