"""Lets calls through no faster than the destination allows."""

from __future__ import annotations

import asyncio
import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from processors.rest.adaptive import Adaptive
from processors.rest.allowance import Allowance, is_counted
from processors.rest.concurrency import Concurrency
from processors.rest.connection import Limits
from processors.rest.spacing import share_of
from processors.rest.window import Window

PAUSE_SECONDS_MIN = 0.0001  # a shorter one may be no time at all
LOOK_SECONDS = 0.5  # how often one that waits looks whether it still should
CALLS_MAX = 256
AHEAD_SECONDS = 0.1  # attempts that are due within this may wait for their first call


def _always() -> bool:
    return True


def _loop_time() -> float:
    return asyncio.get_running_loop().time()


class Budget:
    """This worker's share of the limits of a destination, for all of its calls.

    The limits are the whole fleet's: a worker has as large a part of them as it owns
    of the partitions, rounded down, and none before it owns any; *calls_max* is of the
    worker alone. Use it in one loop.
    """

    def __init__(
        self,
        limits: Limits,
        calls_max: int = CALLS_MAX,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._limits = limits
        self._calls_max = calls_max
        self._clock = clock
        self._now = _loop_time
        self._allowance = Allowance(limits, 1)
        self._spaced = [rate for rate in limits.rates if not is_counted(rate)]
        self._turns: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._windows: list[Window] = []
        self._of: dict[str, list[Window]] = {}
        self._adaptive: Adaptive | None = None
        self._held_until = -math.inf
        self._concurrency = Concurrency(0)
        self._in_flight = 0

    def assigned(self, owned: int, partitions: int) -> None:
        """Take the share of *owned* of all *partitions*; it begins without any room."""
        limits = self._limits
        self._now = asyncio.get_running_loop().time
        shares = [
            share_of(r.calls, r.keep_free, owned, partitions) for r in limits.rates
        ]
        most = self._calls_max
        if limits.concurrency is not None:
            most = min(most, share_of(limits.concurrency, 0.0, owned, partitions))
        self._concurrency = Concurrency(most)
        self._windows, self._of, self._adaptive = [], {}, None
        self._allowance = Allowance(limits, partitions)
        if all(shares):
            pairs = zip(limits.rates, shares, strict=True)
            self._windows = [
                Window(calls, rate.per_seconds)
                for rate, calls in pairs
                if rate in self._spaced
            ]
            self._adaptive = self._unlearned()

    def _unlearned(self) -> Adaptive:
        """Return a rate that is as high as the limits of all operations are."""
        common = [
            (rate.per_seconds, window.per_second)
            for rate, window in zip(self._spaced, self._windows, strict=True)
            if not rate.operations
        ]
        per_second = min((most for _, most in common), default=float(self._calls_max))
        return Adaptive(per_second, min((seconds for seconds, _ in common), default=0))

    def serve(self, partition: int, counts: Mapping[int, int]) -> None:
        """Begin to call for *partition*, which has made so many calls, by stretch."""
        self._allowance.serve(partition, counts)

    def used_up_seconds(self) -> float:
        """Return how long none is left of the hour or day, 0 where there is one."""
        left = self._allowance.left(self._clock())
        return self._allowance.room_in_seconds(self._clock()) if left == 0 else 0.0

    def left(self) -> int | None:
        """Return how many calls are left of the hour or day; None: no such limit."""
        return self._allowance.left(self._clock())

    @property
    def waiting_max(self) -> int:
        """How many attempts may wait for their first call; 0 without a share."""
        if self._adaptive is None:
            return 0
        found = self._adaptive.per_second(self._now())
        per_second = min([found, *(window.per_second for window in self._windows)])
        return 2 + int(min(AHEAD_SECONDS * per_second, self._calls_max))

    @property
    def empty(self) -> bool:
        """Whether the share is so small that no call may ever start."""
        return self._adaptive is None or self.concurrency == 0

    @property
    def concurrency(self) -> int:
        """How many calls may be in flight."""
        return self._concurrency.limit

    def is_apart(self, operation: str) -> bool:
        """Whether *operation* has a rate of its own, so that others go by it."""
        return any(operation in rate.operations for rate in self._limits.rates)

    async def wait(self, operation: str, still: Callable[[], bool] = _always) -> bool:
        """Return True when one more call may start, False once *still* is false."""
        async with self._turns[operation]:
            while still():
                windows = self._windows_of(operation)
                pause_seconds = self._pause_seconds(windows)
                if pause_seconds <= 0.0:
                    await self._take(windows)
                    return True
                await asyncio.sleep(
                    min(max(pause_seconds, PAUSE_SECONDS_MIN), LOOK_SECONDS)
                )
        return False

    async def _take(self, windows: list[Window]) -> None:
        for window in windows:
            await window.acquire()  # has room: returns at once
        if self._allowance.counts:
            self._allowance.take(self._clock())
        if self._adaptive is not None:
            self._adaptive.took(self._now())

    def hold(self, seconds: float) -> None:
        """Start no call within *seconds*: the destination says that none is left."""
        until = self._now() + seconds
        self._held_until = max(self._held_until, until)

    def left_late(self, operation: str, seconds: float) -> None:
        """Note that a call left so long after `wait` let it go.

        Calls that were let go one by one may leave at the same time: those that follow
        wait the longer, by what is beyond the moment that every call takes.
        """
        if self._adaptive is not None:
            self._adaptive.took(self._now())
            for window in self._windows_of(operation):
                window.left_late(seconds)

    @contextmanager
    def calling(self) -> Iterator[float]:
        """Note a call from its start, which it yields, to its end.

        How long it takes sets how many there may be.
        """
        self._in_flight += 1
        began = self._now()
        try:
            yield began
            now = self._now()
            self._concurrency.answered(now - began, self._in_flight, now)
        finally:
            self._in_flight -= 1

    def accepted(self, began: float) -> None:
        """Note a call since *began* that was not refused for its haste."""
        if self._adaptive is not None:
            self._adaptive.accepted(began, self._now())

    def refused(self, began: float) -> bool:
        """Slow down after a refusal that named no time; True: that is not enough."""
        now = self._now()
        return self._adaptive is None or self._adaptive.refused(began, now)

    def _windows_of(self, operation: str) -> list[Window]:
        if operation not in self._of:
            self._of[operation] = [
                window
                for rate, window in zip(self._spaced, self._windows, strict=False)
                if not rate.operations or operation in rate.operations
            ]
        return self._of[operation]

    def _pause_seconds(self, windows: list[Window]) -> float:
        now = self._now()
        if self._adaptive is None:
            return LOOK_SECONDS  # without a share
        pauses = [window.room_in_seconds() for window in windows]
        pauses.append(self._held_until - now)
        pauses.append(self._adaptive.room_in_seconds(now))
        if self._allowance.counts:
            pauses.append(self._allowance.room_in_seconds(self._clock()))
        return max(pauses)
