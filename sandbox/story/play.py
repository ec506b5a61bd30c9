"""Plays the steps one after another, and judges how they ended."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from sandbox.story.plot import Step, contacts, customers, steps
from sandbox.story.stack import DESTINATIONS, Stack
from sandbox.story.table import Row, Rows
from sandbox.story.watch import Watch

STEP_SECONDS_MAX = 30.0
ACCEPTED = 202


def play(stack: Stack, watch: Watch, rows: Rows, show: Callable[[], None]) -> None:
    """Send each step, and go on when its event has ended or waits for a person."""
    for step in steps():
        if step.failures:
            stack.fail_next_calls(step.failures)
        row = rows.add(step.title, step.event_id, stack.send(step.body))
        deadline = time.monotonic() + STEP_SECONDS_MAX
        while not row.ended and time.monotonic() < deadline:
            follow(watch, rows, show)


def follow(watch: Watch, rows: Rows, show: Callable[[], None]) -> None:
    """Take in what has happened since, and show it."""
    for seen in watch.seen():
        rows.tell(seen)
    show()


def faults(stack: Stack, rows: Rows) -> list[str]:
    """Return what differs from how the story must end; nothing when all is right."""
    found = [
        fault
        for step, row in zip(steps(), rows.rows, strict=False)
        for fault in _row_faults(step, row)
    ]
    if len(rows.rows) != len(steps()):
        found.append(f"{len(rows.rows)} rows where {len(steps())} were sent")
    for wanted in contacts():
        found += _record_faults("contact", wanted, stack.contact(wanted["email"]))
    for wanted in customers():
        found += _record_faults("customer", wanted, stack.customers(wanted["email"]))
    return found


def _row_faults(step: Step, row: Row) -> Iterator[str]:
    if row.status != ACCEPTED:
        yield f"{step.title}: the webhook answered {row.status}"
    for name in DESTINATIONS:
        state, due = row.state(name), step.ends_at(name)
        if not state.startswith(due):
            yield f"{step.title}: {name}: {state!r} where {due!r} was due"


def _record_faults(
    kind: str, wanted: dict[str, Any], held: list[dict[str, Any]]
) -> list[str]:
    who = f"{kind} of {wanted['email']}"
    if len(held) != 1:
        return [f"{who}: there are {len(held)} of them"]
    return [
        f"{who}: {name} is {held[0].get(name)!r}, not {value!r}"
        for name, value in wanted.items()
        if held[0].get(name) != value
    ]
