"""Releases offsets strictly in the order in which they came."""

from __future__ import annotations

from collections import deque


class Sequencer:
    """The messages of one partition that are not acked yet.

    Kafka remembers one number per partition, so an offset may be acked only when all
    before it may. (Faust, told out of order, commits past messages still in work.)
    """

    def __init__(self) -> None:
        self._waiting: deque[int] = deque()
        self._ended: set[int] = set()
        self.newest = -1

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def oldest(self) -> int:
        """The oldest offset that is not acked, -1 where none waits."""
        return self._waiting[0] if self._waiting else -1

    @property
    def distance(self) -> int:
        """Offsets from the oldest un-acked to the newest, 0 where none waits."""
        return self.newest - self._waiting[0] if self._waiting else 0

    def add(self, offset: int) -> None:
        """Begin to wait for the end of *offset*.

        Raises:
            ValueError: The offset is not greater than all before. Whoever delivers a
                message twice would have it done twice.
        """
        if offset <= self.newest:
            raise ValueError(f"offset {offset} comes after {self.newest}")
        self._waiting.append(offset)
        self.newest = offset

    def end(self, offset: int) -> None:
        """Note that *offset* is settled or parked, durably."""
        self._ended.add(offset)

    def release(self) -> list[int]:
        """Return the offsets that may be acked now, in order, each only once."""
        released = []
        while self._waiting and self._waiting[0] in self._ended:
            released.append(self._waiting.popleft())
            self._ended.discard(released[-1])
        return released

    def reopen(self) -> None:
        """Forget which ended: after a fence, all that wait are judged anew."""
        self._ended.clear()
