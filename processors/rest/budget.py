"""Lets calls through no faster than the destination's rates allow."""

from __future__ import annotations

from contextlib import AsyncExitStack

from aiolimiter import AsyncLimiter

from processors.rest.connection import Limits


class Budget:
    """Spaces this worker's calls so that every rate holds in any stretch of time.

    Shared by all calls of one worker; a second worker has a budget of its own. Open it
    in the loop that uses it.
    """

    def __init__(self, limits: Limits) -> None:
        # A bucket of n calls lets n through at once and n more as it drains: twice
        # the rate in its first stretch. A bucket of one call spaces them evenly.
        self._limiters = [
            AsyncLimiter(1, rate.per_seconds / (rate.calls * (1.0 - rate.keep_free)))
            for rate in limits.rates
        ]

    async def wait(self) -> None:
        """Return when one more call may start."""
        async with AsyncExitStack() as all_of:
            for limiter in self._limiters:
                await all_of.enter_async_context(limiter)
