"""Finds a rate that the destination takes, where it refuses without naming a time."""

from __future__ import annotations

from collections import deque

CUT = 0.92  # of what was accepted
RAISE = 1.01  # with each window that draws no refusal
MEASURED_SECONDS_MIN = 1.0


class Adaptive:
    """What part of *calls* in *window_seconds* may be made; `now` is monotonic."""

    def __init__(self, window_seconds: float, calls: int, now: float) -> None:
        self._window_seconds = window_seconds
        self._per_second = calls / window_seconds
        self._accepted: deque[float] = deque()
        self._began_at = now
        self._part = 1.0
        self._changed_at = now
        self._cut_at: float | None = None

    def accepted(self, now: float) -> None:
        """Note a call that was not refused."""
        self._accepted.append(now)
        self._forget(now)

    def refused(self, now: float) -> bool:
        """Note a refusal; return whether slowing down is not enough.

        There is one cut in a window at most. When the window after it draws a refusal,
        too, or nothing at all was accepted, the destination wants a pause.
        """
        self._forget(now)
        if not self._accepted:
            return True
        since_cut = None if self._cut_at is None else now - self._cut_at
        if since_cut is not None and since_cut < self._window_seconds:
            return False
        measured = min(self._window_seconds, now - self._began_at)
        rate = len(self._accepted) / max(measured, MEASURED_SECONDS_MIN)
        self._part = min(self.part(now), CUT * rate / self._per_second)
        self._cut_at = self._changed_at = now
        return since_cut is not None and since_cut < 2 * self._window_seconds

    def part(self, now: float) -> float:
        """Return the part, 1 where nothing was refused or all of it was made up for."""
        windows = int((now - self._changed_at) / self._window_seconds)
        if windows and self._part < 1.0:
            self._changed_at += windows * self._window_seconds
            self._part = min(1.0, self._part * RAISE**windows)
        return self._part

    def _forget(self, now: float) -> None:
        """Forget what lies before the last window."""
        while self._accepted and self._accepted[0] <= now - self._window_seconds:
            self._accepted.popleft()
