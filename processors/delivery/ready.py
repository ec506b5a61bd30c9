"""The lanes that could be attempted now: live ones apart from the backlog."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import chain

from processors.delivery.lane import Lane


class Ready:
    """Two queues, each in the order in which its lanes became ready.

    A lane is live until its `live_until`; then it goes to the end of the backlog. One
    that becomes live keeps its place there, too. `now` is in epoch seconds. Lanes that
    are at work meanwhile are passed by.
    """

    def __init__(self) -> None:
        self._live: deque[Lane] = deque()
        self._backlog: deque[Lane] = deque()

    def add(self, lane: Lane) -> None:
        """Put *lane*, which has events, at the end of its queue."""
        queue = self._live if lane.live_until else self._backlog
        queue.append(lane)

    def __iter__(self) -> Iterator[Lane]:
        """Yield the lanes in the order of `take`, some perhaps twice."""
        return filter(_may_start, chain(self._live, self._backlog))

    def __bool__(self) -> bool:
        """Whether there is any lane."""
        for queue in (self._live, self._backlog):
            while queue and not _may_start(queue[0]):
                queue.popleft()
        return bool(self._live or self._backlog)

    def both(self, now: float) -> tuple[bool, bool]:
        """Whether there is a live lane, and whether there is one of the backlog."""
        if not self._live and not self._backlog:
            return False, False  # as in most partitions at most times
        while self and self._live and self._live[0].live_until <= now:
            self._backlog.append(self._live.popleft())
        return bool(self._live), bool(self._backlog)

    def take(self) -> Lane:
        """Return the first lane, where there is any: a live one before the backlog."""
        return (self._live or self._backlog).popleft()

    def take_backlog(self) -> Lane:
        """Return the first lane of the backlog, where there is one."""
        return self._backlog.popleft()


def _may_start(lane: Lane) -> bool:
    return lane.ready and lane.busy == "no"
