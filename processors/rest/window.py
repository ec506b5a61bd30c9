"""One rate of a destination, held by a leaky bucket."""

from __future__ import annotations

import asyncio

from aiolimiter import AsyncLimiter

from processors.rest.spacing import leave_seconds, spacing


class Window(AsyncLimiter):
    """Lets *calls* through in any stretch of *per_seconds*; begins without any room.

    Make it in the loop that uses it.
    """

    def __init__(self, calls: int, per_seconds: float) -> None:
        bucket = spacing(calls, per_seconds)
        super().__init__(bucket.burst, bucket.drain_seconds)
        self._level = bucket.burst
        self._leave_seconds = leave_seconds(per_seconds)
        self._last_check = asyncio.get_running_loop().time()

    @property
    def per_second(self) -> float:
        """How many calls it lets through in a second, in the long run."""
        return self._rate_per_sec

    def left_late(self, seconds: float) -> None:
        """Count a call from *seconds* ago as one of now, when it has left.

        But for the moment that every call may take.
        """
        late_seconds = seconds - self._leave_seconds
        if late_seconds > 0.0:
            self._leak()
            self._level += min(1.0, late_seconds * self._rate_per_sec)

    def room_in_seconds(self) -> float:
        """Return when one more call may start, 0 if it may now."""
        if self.has_capacity():
            return 0.0
        return (self._level + 1.0 - self.max_rate) / self._rate_per_sec
