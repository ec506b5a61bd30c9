"""The source topic's double, and the log of operators' commands."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from operator import attrgetter

_offset = attrgetter("offset")


@dataclass(frozen=True, slots=True)
class Stored:
    """A message as a consumer gets it; `at` is its timestamp in epoch seconds."""

    offset: int
    key: bytes | None
    value: bytes | None
    at: float


class Topic:
    """Logs that only grow; offsets have gaps, as transactions leave them."""

    def __init__(self, topic_id: str, partitions: int) -> None:
        self.topic_id = topic_id
        self._logs: list[list[Stored]] = [[] for _ in range(partitions)]
        self._ends = [0] * partitions

    def append(
        self,
        partition: int,
        key: bytes | None,
        value: bytes | None,
        at: float,
        gap: int = 0,
    ) -> Stored:
        """Write a message at the end, behind *gap* offsets that nobody can read."""
        stored = Stored(self._ends[partition] + gap, key, value, round(at, 3))
        self._logs[partition].append(stored)
        self._ends[partition] = stored.offset + 1
        return stored

    def end(self, partition: int) -> int:
        """Return the offset that the next message gets."""
        return self._ends[partition]

    def read(self, partition: int, offset: int, messages_max: int) -> list[Stored]:
        """Return the messages from *offset* on."""
        log = self._logs[partition]
        begin = bisect_left(log, offset, key=_offset)
        return log[begin : begin + messages_max]

    def before(self, partition: int, offset: int) -> int:
        """Return how many messages lie before *offset*."""
        return bisect_left(self._logs[partition], offset, key=_offset)
