"""One time at which something is looked at again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Alarm:
    """Calls *ring* once, at the earliest of the times that were asked for.

    The times are the event loop's. They are kept here: of a time that has come,
    uvloop's handle does not know it.
    """

    def __init__(self, ring: Callable[[], None]) -> None:
        self._ring = ring
        self._at = 0.0
        self._handle: asyncio.Handle | None = None

    def set(self, at: float) -> None:
        """Ring at the time *at*, or sooner where that was already meant."""
        if self._handle is not None:
            if self._at <= at:
                return
            self._handle.cancel()
        self._at = at
        self._handle = asyncio.get_running_loop().call_at(at, self._rings)

    def _rings(self) -> None:
        self._handle = None
        self._ring()
