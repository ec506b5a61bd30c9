"""The alarm, on both event loops that a worker may have."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import pytest
import uvloop

from processors.alarm import Alarm

LATE_SECONDS = 3600.0
RING_SECONDS_MAX = 30.0
LOOPS: list[Callable[[], asyncio.AbstractEventLoop]] = [
    asyncio.new_event_loop,
    uvloop.new_event_loop,
]


@pytest.fixture(params=LOOPS, ids=["asyncio", "uvloop"])
def runner(request: pytest.FixtureRequest) -> Iterator[asyncio.Runner]:
    with asyncio.Runner(loop_factory=request.param) as made:
        yield made


async def rings(*after_seconds: float) -> int:
    """Ask for a ring after each of the times; return how many the first one brings."""
    loop, rung, times = asyncio.get_running_loop(), asyncio.Event(), list[float]()

    def ring() -> None:
        times.append(loop.time())
        rung.set()

    alarm, start = Alarm(ring), loop.time()
    for seconds in after_seconds:
        alarm.set(start + seconds)
    async with asyncio.timeout(RING_SECONDS_MAX):
        await rung.wait()
    # Whatever is due by now has rung, too, after another turn of the loop.
    await asyncio.sleep(0)
    return len(times)


@pytest.mark.parametrize(
    "times",
    [(0.01, LATE_SECONDS), (LATE_SECONDS, 0.01), (LATE_SECONDS, 0.01, 0.01)],
)
def test_it_rings_once_at_the_earliest_time(
    runner: asyncio.Runner, times: tuple[float, ...]
) -> None:
    assert runner.run(rings(*times)) == 1


@pytest.mark.parametrize(
    "times",
    [(0.0, LATE_SECONDS), (-1.0, LATE_SECONDS), (LATE_SECONDS, 0.0), (0.0, 0.0)],
)
def test_a_time_that_has_come_is_as_good_as_any(
    runner: asyncio.Runner, times: tuple[float, ...]
) -> None:
    assert runner.run(rings(*times)) == 1


def test_it_can_be_set_again_after_it_has_rung(runner: asyncio.Runner) -> None:
    async def rung_twice() -> int:
        rung = asyncio.Semaphore(0)
        alarm = Alarm(rung.release)
        for _ in range(2):
            alarm.set(0.0)
            async with asyncio.timeout(RING_SECONDS_MAX):
                await rung.acquire()
        return 2

    assert runner.run(rung_twice()) == 2
