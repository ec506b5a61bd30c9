"""Plays the steps one after another."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from sandbox.story.plot import steps
from sandbox.story.stack import Stack
from sandbox.story.step import Step
from sandbox.story.table import Row, Rows
from sandbox.story.watch import Watch

STEP_SECONDS_MAX = 30.0


def play(stack: Stack, watch: Watch, rows: Rows, show: Callable[[], None]) -> None:
    """Send each step, and go on when its event has ended or waits for a person.

    A step whose event must meet the next one on its way says when to go on.
    """
    under_way: list[Row] = []
    for step in steps():
        if step.failures:
            stack.fail_next_calls(step.failures)
        calls_before = 0 if step.crm_calls is None else stack.crm_calls()
        row = rows.add(step.title, step.event_id, stack.send(step.body))
        under_way.append(row)
        deadline = time.monotonic() + STEP_SECONDS_MAX
        while not _goes_on(step, under_way) and time.monotonic() < deadline:
            follow(watch, rows, show)
        if step.crm_calls is not None:
            row.crm_calls = stack.crm_calls() - calls_before
        if step.next_when == "ended":
            under_way.clear()


def _goes_on(step: Step, under_way: Sequence[Row]) -> bool:
    """Whether it is time for the step after *step*, whose row is the last."""
    match step.next_when:
        case "sent":
            return True
        case "seen":
            return under_way[-1].read
        case "ended":
            return all(row.ended for row in under_way)


def follow(watch: Watch, rows: Rows, show: Callable[[], None]) -> None:
    """Take in what has happened since, and show it."""
    for seen in watch.seen():
        rows.tell(seen)
    show()
