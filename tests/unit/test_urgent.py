"""What does not wait for its turn in the event loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from concurrent.futures import Future
from functools import partial
from typing import Any

import pytest

from processors.urgent import Urgent


def nothing_fails(work: Coroutine[Any, Any, None]) -> None:
    work.close()
    pytest.fail("it raised")


async def test_what_a_thread_has_ended_is_taken_in_without_a_turn_of_the_loop() -> None:
    urgent, done = Urgent(nothing_fails), list[str]()
    thread = Future[str]()
    urgent.after(thread, lambda future: done.append(future.result()))

    urgent.run()
    assert done == []
    await asyncio.to_thread(thread.set_result, "written")
    urgent.run()

    assert done == ["written"]


async def test_it_is_taken_in_by_the_loop_where_nobody_asks() -> None:
    urgent, came = Urgent(nothing_fails), asyncio.Event()
    thread = Future[str]()
    urgent.after(thread, lambda _: came.set())

    await asyncio.to_thread(thread.set_result, "written")

    await asyncio.wait_for(came.wait(), 10)


async def test_what_is_due_is_done_though_the_turn_of_the_loop_goes_on() -> None:
    urgent, done = Urgent(nothing_fails), list[str]()
    urgent.later(0.02, lambda: done.append("due"))

    urgent.run()
    assert done == []
    ends_at = time.monotonic() + 10
    while not done and time.monotonic() < ends_at:
        urgent.run()

    assert done == ["due"]


async def test_everything_is_done_once_and_in_the_order_of_its_time() -> None:
    urgent, done = Urgent(nothing_fails), list[str]()

    # uvloop rounds times to milliseconds, asyncio to its clock's resolution.
    for number in range(200):
        urgent.later(0.0001 * number, partial(done.append, f"{number:03}"))
    all_due = asyncio.Event()
    urgent.later(0.03, all_due.set)
    await asyncio.wait_for(all_due.wait(), 10)

    assert done == sorted(done)
    assert len(set(done)) == 200


async def test_what_it_raises_is_raised_where_it_ends_the_worker() -> None:
    failed = list[Coroutine[Any, Any, None]]()
    urgent, broken = Urgent(failed.append), Future[None]()
    urgent.after(broken, lambda future: future.result())

    broken.set_exception(LookupError("refused"))
    urgent.run()

    with pytest.raises(LookupError, match="refused"):
        await failed[0]


def test_what_ends_after_the_loop_is_let_be() -> None:
    thread = Future[None]()

    async def begins() -> None:
        Urgent(nothing_fails).after(thread, lambda future: future.result())

    asyncio.run(begins())
    thread.set_exception(LookupError("too late"))

    assert thread.done()
