"""When a worker ends itself: the rule alone, and the watch with a real event loop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import Collection, Mapping

import pytest

from processors.group.watchdog import Progress, Stall, Watchdog, Watched, reachable

BEHIND = {0: Progress((1, 2, 3), behind=True)}
FURTHER = {0: Progress((1, 2, 4), behind=True)}
DONE = {0: Progress((1, 2, 3), behind=False)}


def looked(*seen: Mapping[int, Progress], excused: Collection[int] = ()) -> list[int]:
    stall = Stall(3.0)
    return [len(stall.look(one, excused, 1.0)) for one in seen]


def test_who_is_behind_and_does_not_move_is_found_after_its_time() -> None:
    assert looked(*[BEHIND] * 6) == [0, 0, 0, 0, 1, 1]


def test_who_moves_begins_anew() -> None:
    assert looked(BEHIND, BEHIND, BEHIND, BEHIND, FURTHER, FURTHER) == [0] * 6


def test_who_has_nothing_to_do_may_stand_still() -> None:
    assert looked(*[DONE] * 9) == [0] * 9
    assert looked(BEHIND, BEHIND, BEHIND, DONE, BEHIND, BEHIND, BEHIND) == [0] * 7


def test_who_is_excused_or_away_begins_anew() -> None:
    assert looked(*[BEHIND] * 9, excused=[0]) == [0] * 9
    assert looked(BEHIND, BEHIND, BEHIND, {}, BEHIND, BEHIND, BEHIND) == [0] * 7


def test_one_that_moves_does_not_help_one_that_does_not() -> None:
    stall = Stall(3.0)
    found = []

    for look in range(6):
        moving = Progress((look,), behind=True)
        found.append(stall.look({0: moving, 1: BEHIND[0]}, [], 1.0))

    assert found[4:] == [[1], [1]]


class Ended(Exception):
    """The process would be over."""


def raising(why: str) -> None:
    raise Ended(why)


def watched(
    *, member: bool = True, broker: bool = True, excused: Collection[int] = ()
) -> Watched:
    async def is_reachable() -> bool:
        return broker

    return Watched(lambda: BEHIND, lambda: member, lambda: excused, is_reachable)


def watchdog(watching: Watched, stuck_seconds_max: float = 0.05) -> Watchdog:
    return Watchdog(watching, stuck_seconds_max, raising, look_seconds=0.01)


async def test_a_stuck_partition_ends_the_process_and_is_named() -> None:
    with pytest.raises(Ended, match=r"no progress for 0\.05 s: partition 0"):
        await watchdog(watched()).run()


async def test_so_does_a_process_that_is_no_member_of_its_group() -> None:
    with pytest.raises(Ended, match=r"no progress for 0\.05 s: membership"):
        await watchdog(watched(member=False, excused=[0])).run()


@pytest.mark.parametrize(
    "waiting", [watched(broker=False), watched(excused=[0])], ids=["broker", "excused"]
)
async def test_who_waits_for_a_broker_or_is_excused_goes_on(waiting: Watched) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.4):
            await watchdog(waiting).run()


async def test_an_event_loop_that_is_blocked_ends_the_process_and_shows_where() -> None:
    said: list[str] = []
    watch = Watchdog(
        watched(excused=[0]),
        60.0,
        said.append,
        loop_blocked_seconds_max=0.1,
        look_seconds=0.01,
    )
    watching = asyncio.create_task(watch.run())
    await asyncio.sleep(0.05)  # a loop that runs is not blamed
    calm = list(said)

    deadline = time.monotonic() + 5.0
    while not said and time.monotonic() < deadline:
        block_the_loop()
    watching.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await watching

    assert calm == []
    assert "the event loop is blocked" in said[0]
    assert "block_the_loop" in said[0]


def block_the_loop() -> None:
    time.sleep(0.5)  # the fault itself


async def test_a_broker_is_reachable_when_one_of_them_takes_a_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert await reachable(f"127.0.0.1:1,127.0.0.1:{port}")
    assert not await reachable("127.0.0.1:1")
