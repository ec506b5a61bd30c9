"""Finds a rate that the destination takes, where it refuses without naming a time."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

CUT = 0.95  # of what was accepted
CUT_MOST = 0.5  # of the rate: what was accepted may be a burst, or too few to tell
MEASURED_CALLS, MEASURED_SECONDS_MIN = 20, 1.0
# After so many calls, or so long, the rate is where it was refused: one refusal in
# some 250 calls, or in 2 minutes.
RETURN_CALLS, RETURN_SECONDS = 200, 120.0
# Before the first refusal that comes after so many calls, it is there that much sooner.
FINDING_CALLS, SOONER = 25, 4
# Refused after a rest of so many calls, or so long, and a window after the first: no
# rate would have helped.
REST_CALLS, REST_SECONDS_MAX = 10, 3.5
CUTS_IN_A_ROW_MAX = 2


@dataclass
class _Course:
    """The way of the rate since a cut, from `low` by `ceiling` to beyond it.

    As in TCP CUBIC (RFC 9438): soon near the rate that was refused, long about it, and
    ever faster above it.
    """

    low: float
    ceiling: float
    began_at: float
    window_seconds: float
    sooner: int
    calls: int = 0

    def called(self, now: float) -> None:
        """Note a call; the time of rest before the first is not of the way."""
        if self.calls == 0:
            self.began_at = now
        self.calls += 1

    def per_second(self, now: float) -> float:
        """Return the rate."""
        seconds = max(0.0, now - self.began_at)
        part = self.sooner * max(self.calls / RETURN_CALLS, seconds / RETURN_SECONDS)
        if seconds < self.window_seconds:
            part = min(part, 1.0)  # what is too much for a window may not show before
        return self.ceiling + (self.ceiling - self.low) * (part - 1.0) ** 3


class Adaptive:
    """How many calls a second may start; times are monotonic seconds.

    *most_per_second* until one is refused. *window_seconds* is how long calls are
    counted to know what is accepted, a second at least.
    """

    def __init__(self, most_per_second: float, window_seconds: float) -> None:
        self._most = most_per_second
        self._window_seconds = max(window_seconds, MEASURED_SECONDS_MIN)
        self._accepted: deque[float] = deque()
        self._course: _Course | None = None
        self._took_at = self._refused_at = -math.inf
        self._sooner = SOONER
        # Of refusals in a row: how many, since when, what was before them, and whether
        # the rate is not to blame.
        self._row = 0
        self._since = -math.inf
        self._before: _Course | None = None
        self._in_vain = False

    def per_second(self, now: float) -> float:
        """Return the rate."""
        if self._course is not None:
            rate = self._course.per_second(now)
            if rate < self._most:
                return rate
            self._course = None
        return self._most

    def room_in_seconds(self, now: float) -> float:
        """Return when one more call may start, 0 if it may now.

        A rate that was found is kept from call to call: a destination that refuses what
        comes too soon after another knows no late timers to be made up for.
        """
        if self._course is None:
            return 0.0
        return max(0.0, self._took_at + 1.0 / self.per_second(now) - now)

    def took(self, now: float) -> None:
        """Note that a call starts, or has left later than it started."""
        self._took_at = now

    def accepted(self, began: float, now: float) -> None:
        """Note that a call that *began* then was not refused."""
        self._accepted.append(now)
        self._forget(now)
        if began >= self._refused_at:
            self._row, self._in_vain = 0, False
            if self._course is not None:
                self._course.called(now)

    def refused(self, began: float, now: float) -> bool:
        """Note a refusal; return whether slowing down is not enough.

        A call that began before the last refusal was heard says nothing new. Where
        nothing was accepted since that, the destination wants a pause. Where a pause
        did not help, the rate was not to blame: it is what it was before.
        """
        if began < self._refused_at:
            return False
        rested_seconds = began - self._refused_at
        self._refused_at = now
        self._row += 1
        self._forget(now)
        if self._row == 1:
            self._before, self._since = self._course, now
        elif began >= self._since + self._window_seconds and (
            rested_seconds >= self._rest_seconds(now)
        ):
            self._in_vain = True
        if self._in_vain:
            self._course = self._before
        elif self._accepted and self._row <= CUTS_IN_A_ROW_MAX:
            self._cut(now)
        return self._row > 1 or not self._accepted

    def _cut(self, now: float) -> None:
        rate = self.per_second(now)
        measured = len(self._accepted) / self._measured_seconds(now)
        low = max(CUT_MOST * rate, CUT * min(rate, measured))
        if self._course is not None and self._course.calls >= FINDING_CALLS:
            self._sooner = 1
        self._course = _Course(low, rate, now, self._window_seconds, self._sooner)

    def _rest_seconds(self, now: float) -> float:
        before = self._before
        rate = self._most if before is None else before.per_second(now)
        return min(REST_CALLS / rate, REST_SECONDS_MAX)

    def _measured_seconds(self, now: float) -> float:
        return max(self._window_seconds, MEASURED_CALLS / self.per_second(now))

    def _forget(self, now: float) -> None:
        """Forget what is too long ago to tell what is accepted."""
        since = now - self._measured_seconds(now)
        while self._accepted and self._accepted[0] <= since:
            self._accepted.popleft()
