"""Lets calls through no faster than the destination allows."""

from __future__ import annotations

import asyncio
import math
from collections import defaultdict
from collections.abc import Callable

from processors.rest.adaptive import Adaptive
from processors.rest.connection import Limits
from processors.rest.spacing import share_of
from processors.rest.window import Window

PAUSE_SECONDS_MIN = 0.0001  # a shorter one may be no time at all
LOOK_SECONDS = 0.5  # how often one that waits looks whether it still should


def _always() -> bool:
    return True


class Budget:
    """This worker's share of the limits of a destination, for all of its calls.

    The limits are the whole fleet's: a worker has as large a part of them as it owns
    of the partitions, rounded down, and none before it owns any. Use it in one loop.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._turns: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._windows: list[Window] = []
        self._of: dict[str, list[Window]] = {}
        self._adaptive: Adaptive | None = None
        self._held_until = -math.inf
        self.concurrency: int | None = None

    def assigned(self, owned: int, partitions: int) -> None:
        """Take the share of *owned* of all *partitions*; it begins without any room.

        `concurrency` then is how many calls may be in flight, None for any number.
        """
        limits = self._limits
        shares = [
            share_of(r.calls, r.keep_free, owned, partitions) for r in limits.rates
        ]
        most = limits.concurrency
        self.concurrency = (
            None if most is None else share_of(most, 0.0, owned, partitions)
        )
        self._windows, self._of, self._adaptive = [], {}, None
        if all(shares):
            pairs = list(zip(limits.rates, shares, strict=True))
            self._windows = [Window(n, rate.per_seconds) for rate, n in pairs]
            shortest = min((rate.per_seconds, n) for rate, n in pairs)
            self._adaptive = Adaptive(*shortest, asyncio.get_running_loop().time())

    @property
    def empty(self) -> bool:
        """Whether the share is so small that no call may ever start."""
        return not self._windows or self.concurrency == 0

    async def wait(self, operation: str, still: Callable[[], bool] = _always) -> bool:
        """Return True when one more call may start, False once *still* is false."""
        async with self._turns[operation]:
            while still():
                windows = self._windows_of(operation)
                pause_seconds = self._pause_seconds(windows)
                if pause_seconds <= 0.0:
                    for window in windows:
                        await window.acquire()  # has room: returns at once
                    return True
                await asyncio.sleep(
                    min(max(pause_seconds, PAUSE_SECONDS_MIN), LOOK_SECONDS)
                )
        return False

    def hold(self, seconds: float) -> None:
        """Start no call within *seconds*: the destination says that none is left."""
        until = asyncio.get_running_loop().time() + seconds
        self._held_until = max(self._held_until, until)

    def left_late(self, operation: str, seconds: float) -> None:
        """Note that a call left so long after `wait` let it go.

        Calls that were let go one by one may leave at the same time: those that follow
        them wait the longer.
        """
        if self._adaptive is not None:
            for window in self._windows_of(operation):
                window.left_late(seconds)

    def accepted(self) -> None:
        """Note a call that was not refused for its haste."""
        if self._adaptive is not None:
            self._adaptive.accepted(asyncio.get_running_loop().time())

    def refused(self) -> bool:
        """Slow down after a refusal that named no time; True: that is not enough."""
        now = asyncio.get_running_loop().time()
        return self._adaptive is None or self._adaptive.refused(now)

    def _windows_of(self, operation: str) -> list[Window]:
        if operation not in self._of:
            self._of[operation] = [
                window
                for rate, window in zip(self._limits.rates, self._windows, strict=False)
                if not rate.operations or operation in rate.operations
            ]
        return self._of[operation]

    def _pause_seconds(self, windows: list[Window]) -> float:
        now = asyncio.get_running_loop().time()
        if self._adaptive is None:
            return LOOK_SECONDS  # without a share
        part = self._adaptive.part(now)
        for window in windows:
            window.slow_to(part)
        rooms = (window.room_in_seconds() for window in windows)
        return max(self._held_until - now, *rooms)
