"""When which lane is looked at again."""

from __future__ import annotations

import heapq

from processors.delivery.lane import Lane

SLACK = 64


class Timers:
    """At most one time for each lane, the earliest that was asked for.

    A lane that is looked at decides anew and asks again, so a time that is too early
    does no harm. Times that were replaced or cancelled are dropped in passing.
    """

    def __init__(self) -> None:
        self._times: list[tuple[float, int, Lane]] = []
        self._number = 0
        self._live = 0

    def __len__(self) -> int:
        return self._live

    def set(self, lane: Lane, at: float) -> None:
        """Look at *lane* at the time *at*, or sooner where that was asked for."""
        if lane.wake_at is None:
            self._live += 1
        elif lane.wake_at <= at:
            return
        lane.wake_at = at
        self._number += 1
        heapq.heappush(self._times, (at, self._number, lane))
        if len(self._times) > 2 * self._live + SLACK:
            self._times = [entry for entry in self._times if _is_live(entry)]
            heapq.heapify(self._times)

    def cancel(self, lane: Lane) -> None:
        """Do not look at *lane* again."""
        if lane.wake_at is not None:
            lane.wake_at = None
            self._live -= 1

    def next(self) -> float | None:
        """Return the earliest time, None where there is none."""
        while self._times and not _is_live(self._times[0]):
            heapq.heappop(self._times)
        return self._times[0][0] if self._times else None

    def due(self, now: float) -> list[Lane]:
        """Return the lanes whose time has come, each once, the earliest first."""
        lanes = []
        at = self.next()
        while at is not None and at <= now:
            lane = heapq.heappop(self._times)[2]
            self.cancel(lane)
            lanes.append(lane)
            at = self.next()
        return lanes


def _is_live(entry: tuple[float, int, Lane]) -> bool:
    at, _, lane = entry
    return lane.wake_at == at
