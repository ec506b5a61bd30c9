"""The budget: as many calls as every limit allows, in virtual time."""

from __future__ import annotations

import asyncio
import bisect
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.rest.budget import Budget
from processors.rest.connection import Limits
from processors.rest.spacing import JITTER_SECONDS, leave_seconds
from tests.support.virtual_time import run

HUBSPOT = {"calls": 190, "per_seconds": 10}


def budget(*rates: dict[str, Any], **rest: Any) -> Budget:
    return Budget(Limits.model_validate({"rates": rates, **rest}))


async def grants(
    made: Budget, seconds: float, operation: str = "update", callers: int = 3
) -> list[float]:
    """Return when calls might start while *callers* want one all the time."""
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    at: list[float] = []

    async def caller() -> None:
        while await made.wait(operation, lambda: loop.time() < until):
            at.append(loop.time())

    async with asyncio.TaskGroup() as group:
        for _ in range(callers):
            group.create_task(caller())
    return at


def most_within(at: list[float], seconds: float) -> int:
    """Return the most calls in any stretch of *seconds*, wherever it begins."""
    ends = (bisect.bisect_left(at, first + seconds) for first in at)
    return max((end - index for index, end in enumerate(ends)), default=0)


@settings(deadline=None, max_examples=60)
@given(
    calls=st.integers(1, 300),
    per_seconds=st.sampled_from((0.5, 1.0, 3.0, 10.0, 60.0)),
    owned=st.integers(1, 12),
)
def test_no_stretch_holds_more_calls_than_the_share_even_when_they_bunch(
    calls: int, per_seconds: float, owned: int
) -> None:
    async def story() -> list[float]:
        made = budget({"calls": calls, "per_seconds": per_seconds})
        made.assigned(owned, 12)
        return await grants(made, per_seconds * 3)

    share = calls * owned // 12

    at = run(story())

    bunched_seconds = (JITTER_SECONDS + leave_seconds(per_seconds)) * 0.99
    assert most_within(at, per_seconds + bunched_seconds) <= share


@pytest.mark.parametrize(
    ("rate", "used"),
    [(HUBSPOT, 0.98), ({"calls": 19, "per_seconds": 1}, 0.93)],
)
def test_nearly_all_of_the_allowance_is_used(rate: dict[str, Any], used: float) -> None:
    async def story() -> list[float]:
        made = budget(rate)
        made.assigned(12, 12)
        return await grants(made, 100.0)

    allowed = 100.0 * rate["calls"] / rate["per_seconds"]

    assert len(run(story())) >= used * allowed


def test_the_shares_of_all_workers_are_never_more_than_the_whole() -> None:
    async def story() -> list[float]:
        workers = [budget(HUBSPOT) for _ in range(3)]
        for made, owned in zip(workers, (5, 4, 3), strict=True):
            made.assigned(owned, 12)
        found = await asyncio.gather(*(grants(made, 40.0) for made in workers))
        return sorted(moment for at in found for moment in at)

    at = run(story())

    assert most_within(at, 10.0) <= HUBSPOT["calls"]
    assert len(at) >= 0.95 * 4 * HUBSPOT["calls"]


def test_every_window_must_allow_a_call() -> None:
    async def story() -> list[float]:
        made = budget(HUBSPOT, {"calls": 50, "per_seconds": 60, "keep_free": 0.2})
        made.assigned(12, 12)
        return await grants(made, 120.0)

    at = run(story())

    assert most_within(at, 60.0) <= 40
    assert len(at) >= 70


def test_an_operations_own_limit_delays_no_other_operation() -> None:
    async def story() -> tuple[list[float], list[float]]:
        slow = {"calls": 4, "per_seconds": 1, "operations": ["find"]}
        made = budget({"calls": 100, "per_seconds": 1}, slow)
        made.assigned(12, 12)
        finds, updates = await asyncio.gather(
            grants(made, 30.0, "find"), grants(made, 30.0, "update")
        )
        return finds, updates

    finds, updates = run(story())

    assert most_within(finds, 1.0) <= 4
    assert most_within(sorted(finds + updates), 1.0) <= 100
    assert len(finds) >= 0.75 * 4 * 30
    assert len(updates) >= 0.9 * 96 * 30


def test_no_call_starts_before_the_time_that_the_destination_named() -> None:
    async def story() -> float:
        made = budget(HUBSPOT)
        made.assigned(12, 12)
        await made.wait("update")
        loop = asyncio.get_running_loop()
        made.hold(7.0)
        made.hold(3.0)  # an answer that was under way names an earlier time
        began = loop.time()
        await made.wait("update")
        return loop.time() - began

    assert 7.0 <= run(story()) <= 7.1


def test_calls_that_leave_late_and_together_are_made_up_for() -> None:
    async def story() -> list[float]:
        made = budget({"calls": 10, "per_seconds": 1})
        made.assigned(12, 12)
        loop = asyncio.get_running_loop()
        let_go = []
        for _ in range(3):  # three connections that take a while come about at once
            await made.wait("create")
            let_go.append(loop.time())
        left = [loop.time()] * 3
        for moment in let_go:
            made.left_late("create", loop.time() - moment)
        return left + await grants(made, 5.0)

    assert most_within(run(story()), 1.0) <= 10


@settings(deadline=None, max_examples=60)
@given(
    rate=st.sampled_from((HUBSPOT, {"calls": 19, "per_seconds": 1})),
    owned=st.integers(1, 12),
    late=st.lists(st.floats(0.0, 0.1), min_size=1, max_size=50),
)
def test_however_late_calls_leave_no_stretch_holds_more_of_them(
    rate: dict[str, Any], owned: int, late: list[float]
) -> None:
    async def story() -> list[float]:
        made = budget(rate)
        made.assigned(owned, 12)
        loop = asyncio.get_running_loop()
        left = []
        for number in range(rate["calls"] * 3):
            await made.wait("update")
            await asyncio.sleep(late[number % len(late)])
            made.left_late("update", late[number % len(late)])
            left.append(loop.time())
        return left

    share = rate["calls"] * owned // 12

    at = run(story()) if share else []

    assert most_within(at, rate["per_seconds"] + JITTER_SECONDS * 0.99) <= share


def test_the_moment_that_every_call_takes_to_leave_costs_nothing() -> None:
    async def story() -> int:
        made = budget(HUBSPOT)
        made.assigned(12, 12)
        loop = asyncio.get_running_loop()
        until, calls = loop.time() + 100.0, 0
        while await made.wait("update", lambda: loop.time() < until):
            made.left_late("update", leave_seconds(HUBSPOT["per_seconds"]))
            calls += 1
        return calls

    assert run(story()) >= 0.98 * 1_900


def test_a_worker_without_a_share_starts_no_call() -> None:
    async def story() -> list[float]:
        made = budget({"calls": 3, "per_seconds": 1})
        made.assigned(3, 12)
        assert made.empty
        return await grants(made, 60.0)

    assert run(story()) == []


def test_an_assignment_begins_without_room() -> None:
    async def story() -> float:
        made = budget({"calls": 10, "per_seconds": 10})
        made.assigned(6, 12)
        loop = asyncio.get_running_loop()
        began = loop.time()
        await made.wait("update")
        return loop.time() - began

    assert run(story()) == pytest.approx(10.06 / 5, rel=0.05)


def test_one_that_waits_gives_up_when_it_should() -> None:
    async def story() -> float:
        made = budget({"calls": 1, "per_seconds": 3600})
        made.assigned(12, 12)
        loop = asyncio.get_running_loop()
        began = loop.time()
        assert not await made.wait("update", lambda: loop.time() < began + 5)
        return loop.time() - began

    assert run(story()) <= 6.0


@pytest.mark.parametrize(("owned", "concurrency"), [(12, 8), (6, 4), (1, 0)])
def test_concurrency_is_shared_like_the_rates(owned: int, concurrency: int) -> None:
    async def story() -> Budget:
        made = budget({"calls": 100, "per_seconds": 1}, concurrency=8)
        made.assigned(owned, 12)
        return made

    made = run(story())

    assert made.concurrency == concurrency
    assert made.empty == (concurrency == 0)
