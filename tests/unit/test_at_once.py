"""A coroutine that is begun at once, and the rest of it."""

from __future__ import annotations

import asyncio

import pytest

from processors.group.at_once import begin


async def test_what_need_not_wait_has_ended_at_once() -> None:
    done = []

    async def work() -> None:
        done.append("it")

    assert begin(work()) is None
    assert done == ["it"]


async def test_what_waits_goes_on_in_another_task_when_it_may() -> None:
    steps = []
    first, second = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        await first.wait()
        steps.append("first")
        await asyncio.sleep(0)
        await second.wait()
        steps.append("second")

    rest = begin(work())
    assert rest is not None
    assert steps == []
    first.set()  # before anybody waits for the rest
    task = asyncio.create_task(rest)
    second.set()
    await task

    assert steps == ["first", "second"]


async def test_what_it_raises_is_raised_where_it_runs() -> None:
    async def at_once() -> None:
        raise ValueError("at once")

    async def later() -> None:
        await asyncio.sleep(0)
        raise ValueError("later")

    with pytest.raises(ValueError, match="at once"):
        begin(at_once())
    rest = begin(later())
    assert rest is not None
    with pytest.raises(ValueError, match="later"):
        await rest


@pytest.mark.parametrize("goes_on", [False, True])
async def test_it_is_told_of_a_cancellation_and_has_the_last_word(
    goes_on: bool,  # noqa: FBT001 -- a parameter of the test
) -> None:
    told = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            told.append("cancelled")
            if not goes_on:
                raise

    rest = begin(work())
    assert rest is not None
    task = asyncio.create_task(rest)
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait({task})

    assert told == ["cancelled"]
    assert task.cancelled() is not goes_on
