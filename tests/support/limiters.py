"""Models of what destinations refuse by, which name no time; in virtual time."""

from __future__ import annotations

import asyncio
import itertools
import math
import random
from collections import deque
from dataclasses import dataclass, field
from typing import Protocol

from processors.correlation.calls import Done
from processors.delivery.verdict import Unavailable
from processors.rest.budget import Budget
from processors.rest.connection import Limits
from processors.rest.gate import Gate
from tests.support.virtual_time import run

LOOK_SECONDS = 0.01
BUSY = Unavailable("limited", "HTTP 429")


class Limiter(Protocol):
    """Takes calls, or refuses them."""

    def takes(self, now: float) -> bool:
        """Whether a call that arrives *now* is taken."""


@dataclass
class LeakyBucket:
    """nginx's limit_req: whole milliseconds; what is refused does not count."""

    per_second: float
    burst: int = 0
    _excess: float = 0.0
    _last: float = -math.inf

    def takes(self, now: float) -> bool:
        """Whether the call finds room; *burst* calls may be ahead of the rate."""
        now = int(now * 1000) / 1000
        drained = self.per_second * (now - self._last)
        excess = max(0.0, self._excess - drained + 1.0)
        if excess > self.burst:
            return False
        self._excess, self._last = excess, now
        return True


@dataclass
class SlidingWindow:
    """So many calls in any stretch of time."""

    calls: int
    seconds: float
    _taken: deque[float] = field(default_factory=deque)

    def takes(self, now: float) -> bool:
        """Whether fewer were taken in the last stretch."""
        while self._taken and self._taken[0] <= now - self.seconds:
            self._taken.popleft()
        if len(self._taken) >= self.calls:
            return False
        self._taken.append(now)
        return True


@dataclass
class Away:
    """Takes nothing from one moment to another."""

    inner: Limiter
    since: float
    until: float

    def takes(self, now: float) -> bool:
        """Whether the inner one takes it, outside of the stretch."""
        return not self.since <= now < self.until and self.inner.takes(now)


@dataclass
class Played:
    """When calls were made, and which of them were refused."""

    calls: list[tuple[float, bool]] = field(default_factory=list)

    def taken(self, since: float, until: float) -> int:
        return sum(ok for at, ok in self.calls if since <= at < until)

    def refused(self, since: float, until: float) -> int:
        return sum(not ok for at, ok in self.calls if since <= at < until)


class Play:
    """Calls as fast as budget and gate allow, each of another lane."""

    def __init__(
        self,
        limits: Limits,
        *,
        latency_seconds: float = 0.02,
        jitter_seconds: float = 0.0,
    ) -> None:
        """Let a call arrive up to *jitter_seconds* after it left, at random."""
        self._budget, self._gate, self._played = Budget(limits), Gate(), Played()
        self._latency_seconds, self._jitter_seconds = latency_seconds, jitter_seconds
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self._dice = random.Random(7)  # noqa: S311 -- the same in every run
        self._under_way = 0
        self._budget.assigned(12, 12)
        for partition in range(12):
            self._budget.serve(partition, {})

    async def against(self, limiter: Limiter, seconds: float) -> Played:
        """Return what became of the calls; times count from the start for both."""
        async with asyncio.TaskGroup() as group:
            for number in itertools.count():
                await self._budget.wait("update")
                while not self._may_start():  # noqa: ASYNC110 -- time is virtual
                    await asyncio.sleep(LOOK_SECONDS)
                if self._now() >= seconds:
                    return self._played
                lane = b"%d" % number
                if self._gate.may_start(self._loop.time(), lane):
                    self._under_way += 1
                    group.create_task(self._call(lane, limiter))
        raise AssertionError("the count has no end")

    def _now(self) -> float:
        return self._loop.time() - self._began

    def _may_start(self) -> bool:
        opens_at = self._gate.opens_at
        is_open = opens_at is None or opens_at <= self._loop.time()
        return is_open and self._under_way < self._budget.concurrency

    async def _call(self, lane: bytes, limiter: Limiter) -> None:
        with self._budget.calling() as started:
            await asyncio.sleep(self._dice.random() ** 3 * self._jitter_seconds)
            taken = limiter.takes(self._now())
            self._played.calls.append((self._now(), taken))
            # A refusal costs a destination nothing, and comes soon.
            await asyncio.sleep(self._latency_seconds / (1 if taken else 10))
        self._under_way -= 1
        now = self._loop.time()
        if taken:
            self._budget.accepted(started)
            self._gate.heard(now, lane, 200, Done("1"))
        elif self._budget.refused(started) or self._gate.opens_at is not None:
            self._gate.heard(now, lane, 429, BUSY)
        else:
            self._gate.withdrawn(now, lane)


def played(
    rate: dict[str, float], limiter: Limiter, seconds: float, **how: float
) -> Played:
    """Play against *limiter*, with that rate in the file, in virtual time."""

    async def story() -> Played:
        play = Play(Limits.model_validate({"rates": [rate]}), **how)
        return await play.against(limiter, seconds)

    return run(story())
