"""Plays the steps one after another, and judges how they ended."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from sandbox.story.plot import Step, contacts, steps
from sandbox.story.stack import Stack
from sandbox.story.table import Row, Rows
from sandbox.story.watch import Watch

STEP_SECONDS_MAX = 30.0


def play(stack: Stack, watch: Watch, rows: Rows, show: Callable[[], None]) -> None:
    """Send each step, and go on when its event has ended or waits for a person."""
    for step in steps():
        if step.failures:
            stack.fail_next_calls(step.failures)
        row = rows.add(Row(step.title, step.event_id, stack.send(step.body)))
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
        _row_fault(step, row)
        for step, row in zip(steps(), rows.rows, strict=False)
        if row.status != 202 or not row.state.startswith(step.ends)  # noqa: PLR2004 -- accepted
    ]
    if len(rows.rows) != len(steps()):
        found.append(f"{len(rows.rows)} rows where {len(steps())} were sent")
    for wanted in contacts():
        found += _contact_faults(wanted, stack.contact(wanted["email"]))
    return found


def _row_fault(step: Step, row: Row) -> str:
    return f"{step.title}: {row.status}, {row.state!r} where {step.ends!r} was due"


def _contact_faults(wanted: dict[str, Any], held: list[dict[str, Any]]) -> list[str]:
    who = wanted["auth0_user_id"]
    if len(held) != 1:
        return [f"contact of {who}: the CRM holds {len(held)} of them"]
    return [
        f"contact of {who}: {name} is {held[0].get(name)!r}, not {value!r}"
        for name, value in wanted.items()
        if held[0].get(name) != value
    ]
