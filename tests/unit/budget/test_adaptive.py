"""Slowing down for a destination that refuses without naming a time."""

from __future__ import annotations

import asyncio
from collections import deque

from processors.rest.adaptive import Adaptive
from processors.rest.budget import Budget
from processors.rest.connection import Limits
from tests.support.virtual_time import run


def accepted(adaptive: Adaptive, calls: int, now: float) -> None:
    for _ in range(calls):
        adaptive.accepted(now)


def test_a_refusal_cuts_the_rate_below_what_was_accepted() -> None:
    adaptive = Adaptive(1.0, 100, now=0.0)
    accepted(adaptive, 50, now=9.9)

    assert not adaptive.refused(now=10.0)
    assert adaptive.part(10.0) == 0.46


def test_there_is_one_cut_in_a_window() -> None:
    adaptive = Adaptive(1.0, 100, now=0.0)
    accepted(adaptive, 50, now=9.9)
    adaptive.refused(now=10.0)

    assert not adaptive.refused(now=10.5)
    assert adaptive.part(10.5) == 0.46


def test_a_refusal_in_the_window_after_a_cut_asks_for_a_pause() -> None:
    adaptive = Adaptive(1.0, 100, now=0.0)
    accepted(adaptive, 50, now=9.9)
    adaptive.refused(now=10.0)
    accepted(adaptive, 40, now=11.0)

    assert adaptive.refused(now=11.2)


def test_where_nothing_was_accepted_nothing_is_cut() -> None:
    adaptive = Adaptive(1.0, 100, now=0.0)

    assert adaptive.refused(now=10.0)
    assert adaptive.part(10.0) == 1.0


def test_each_quiet_window_raises_the_rate_and_no_further_than_configured() -> None:
    adaptive = Adaptive(1.0, 100, now=0.0)
    accepted(adaptive, 90, now=9.9)
    adaptive.refused(now=10.0)
    low = adaptive.part(10.5)

    assert low < adaptive.part(11.5) < adaptive.part(12.5) < 1.0
    assert adaptive.part(60.0) == 1.0


def test_a_rate_ten_times_too_high_is_found_to_be_so_within_a_minute() -> None:
    limit = 20  # calls in any second; the file says 200

    async def story() -> tuple[int, int]:
        budget = Budget(
            Limits.model_validate({"rates": [{"calls": 200, "per_seconds": 1}]})
        )
        budget.assigned(12, 12)
        loop = asyncio.get_running_loop()
        began, recent = loop.time(), deque[float]()
        taken = refused = 0
        while loop.time() < began + 180:
            await budget.wait("update")
            now = loop.time()
            while recent and recent[0] <= now - 1.0:
                recent.popleft()
            late = now > began + 60
            if len(recent) < limit:
                recent.append(now)
                budget.accepted()
                taken += late
            else:
                refused += late
                if budget.refused():
                    await asyncio.sleep(1.0)
        return taken, refused

    taken, refused = run(story())

    assert taken >= 0.9 * limit * 120
    assert refused <= 0.01 * taken
