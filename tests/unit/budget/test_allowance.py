"""A day's calls are counted, not spaced, and no day ever holds more."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.rest.allowance import Allowance, counted
from processors.rest.budget import Budget
from processors.rest.connection import Limits
from tests.support.virtual_time import run

DAY = 86_400.0
A_DAY = {"calls": 1200, "per_seconds": DAY}


def limits(*rates: Mapping[str, object]) -> Limits:
    return Limits.model_validate({"rates": rates})


def allowance(partitions: int = 1, **rate: object) -> Allowance:
    return Allowance(limits(A_DAY | rate), partitions)


def test_only_long_rates_of_all_calls_are_counted() -> None:
    minute = {"calls": 9, "per_seconds": 60}
    of_finds = {"calls": 9, "per_seconds": DAY, "operations": ["find"]}

    assert counted(limits(minute, of_finds)) is None
    assert counted(limits(minute, A_DAY)) == (3600, 25)
    assert counted(limits({"calls": 9, "per_seconds": 3600}, A_DAY)) == (150, 577)


@settings(deadline=None)
@given(
    st.lists(st.floats(0.0, 20_000.0), max_size=60),
    st.integers(1, 40),
    st.floats(0.0, DAY),
)
def test_no_day_holds_more_calls_wherever_it_begins(
    pauses: list[float], calls: int, began: float
) -> None:
    left, now, at = allowance(calls=calls), began, list[float]()
    left.serve(0, {})
    for seconds in pauses:
        now += seconds
        while left.room_in_seconds(now) == 0.0:
            left.take(now)
            at.append(now)

    for first in at:
        assert sum(first <= moment < first + DAY for moment in at) <= calls


@given(st.lists(st.integers(0, 50), min_size=1, max_size=24), st.integers(1, 40))
def test_there_is_room_again_when_it_says_so(spent: list[int], calls: int) -> None:
    left = allowance(calls=calls)
    left.serve(0, dict(enumerate(spent)))
    now = len(spent) * 3600.0 - 1

    wait = left.room_in_seconds(now)

    assert wait <= DAY + 3600
    assert left.room_in_seconds(now + wait) == 0.0
    assert wait == 0.0 or left.room_in_seconds(now + wait - 1) > 0.0


def test_a_partition_adds_its_share_and_its_calls_once() -> None:
    left = allowance(partitions=12)
    assert left.left(0.0) is None
    assert left.room_in_seconds(0.0) > 0.0

    left.serve(3, {0: 30})
    left.serve(4, {0: 10})
    left.serve(3, {0: 35})

    assert left.left(10.0) == 2 * 100 - 40


def test_a_part_is_kept_free_for_others() -> None:
    left = allowance(keep_free=0.1)
    left.serve(0, {})

    assert left.left(0.0) == 1080


def test_without_such_a_rate_there_is_always_room() -> None:
    left = Allowance(limits({"calls": 1, "per_seconds": 10}), 1)
    left.take(0.0)

    assert (left.room_in_seconds(0.0), left.left(0.0)) == (0.0, None)


@pytest.mark.parametrize(("spent", "seconds"), [(0, 0.0), (1200, 22 * 3600.0)])
def test_a_day_is_used_as_fast_as_the_short_rate_allows(
    spent: int, seconds: float
) -> None:
    async def story() -> float:
        loop = asyncio.get_running_loop()
        began = loop.time()
        rates = limits({"calls": 200, "per_seconds": 10}, A_DAY)
        # The clock begins at 2:00 on the first day; the calls were made before 1:00.
        budget = Budget(rates, clock=lambda: loop.time() - began + 2 * 3600)
        budget.assigned(12, 12)
        for partition in range(12):
            budget.serve(partition, {0: spent // 12})
        await budget.wait("update")
        waited = loop.time() - began
        for _ in range(600):
            await budget.wait("update")
        assert loop.time() - began - waited < 35.0
        return waited

    assert run(story()) == pytest.approx(seconds, abs=3601 if spent else 1)
