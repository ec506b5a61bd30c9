"""Judges how the story ended: each row, and each record of the two systems."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.story.plot import contacts, customers, steps
from sandbox.story.step import Step
from sandbox.story.table import Row

Record = dict[str, Any]


@dataclass(frozen=True)
class Held:
    """What the two systems hold in the end."""

    contacts: Sequence[Record]
    customers: Sequence[Record]


def faults(rows: Sequence[Row], held: Held) -> list[str]:
    """Return what differs from how the story must end; nothing when all is right."""
    plot = steps()
    found = [f for step, row in zip(plot, rows, strict=False) for f in _row(step, row)]
    if len(rows) != len(plot):
        found.append(f"{len(rows)} rows where there must be {len(plot)}")
    for destination, kind, wanted, records in (
        ("crm", "contact", contacts(), held.contacts),
        ("billing", "customer", customers(), held.customers),
    ):
        told = _told(plot, rows, destination)
        found += _records(kind, wanted, records, told)
    return found


def _row(step: Step, row: Row) -> Iterator[str]:
    if row.refused:
        yield f"{step.title}: the webhook answered {row.status}"
        return
    for name in row.destinations:
        state, due = row.state(name), step.ends_at(name)
        if not state.startswith(due):
            yield f"{step.title}: {name}: {state!r} where {due!r} was due"
    if step.crm_calls not in (None, row.crm_calls):
        yield f"{step.title}: calls to the CRM: {row.crm_calls}, not {step.crm_calls}"


def _told(
    plot: Sequence[Step], rows: Sequence[Row], destination: str
) -> dict[str, set[str]]:
    """Return the ids of the records that the rows of each user name."""
    told: dict[str, set[str]] = {}
    for step, row in zip(plot, rows, strict=False):
        record_id = row.record_id(destination)
        if step.user_id is not None and record_id is not None:
            told.setdefault(step.user_id, set()).add(record_id)
    return told


def _records(
    kind: str,
    wanted: Sequence[Record],
    held: Sequence[Record],
    told: dict[str, set[str]],
) -> Iterator[str]:
    known = {_user_of(record) for record in wanted}
    for record in held:
        if _user_of(record) not in known:
            yield f"{kind} {record['id']}: nobody was to get one"
    for record in wanted:
        user_id = _user_of(record)
        own = [other for other in held if _user_of(other) == user_id]
        who = f"{kind} of {user_id}"
        if len(own) != 1:
            yield f"{who}: there are {len(own)} of them"
            continue
        if told.get(user_id, set()) != {own[0]["id"]}:
            named = ", ".join(sorted(told.get(user_id, set()))) or "none"
            yield f"{who}: it is {own[0]['id']}, and the rows name {named}"
        for name, value in record.items():
            if own[0].get(name) != value:
                yield f"{who}: {name} is {own[0].get(name)!r}, not {value!r}"


def _user_of(record: Record) -> str:
    kept = record.get("metadata", record)  # as Stripe has it, and as the CRM
    return str(kept.get("auth0_user_id"))
