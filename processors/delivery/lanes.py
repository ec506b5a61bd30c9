"""The parked events of one partition: a lane per user, each in order."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Parked:
    """An event that waits for another attempt or, without `due_at`, for a person."""

    key: bytes
    offset: int
    attempts: int
    due_at: float | None
    first_failed_at: float
    reason: str
    value: bytes = field(repr=False)


class Lanes:
    """Parked events by user; of those that will be tried, only the head is ever due.

    Events that wait for a person hold up nobody: a newer event of the user may bring
    what was missing.
    """

    def __init__(self) -> None:
        self._lanes: dict[bytes, list[Parked]] = {}
        self._for_review: dict[tuple[bytes, int], Parked] = {}

    def __len__(self) -> int:
        return sum(map(len, self._lanes.values())) + len(self._for_review)

    def waits(self, key: bytes) -> bool:
        """Whether events of *key* will be tried, so that a newer one must park too."""
        return key in self._lanes

    def holds(self, key: bytes, offset: int) -> bool:
        """Whether this very event is parked (it was, then redelivered)."""
        in_lane = any(p.offset == offset for p in self._lanes.get(key, ()))
        return in_lane or (key, offset) in self._for_review

    def park(self, parked: Parked) -> None:
        """Put *parked* where it belongs; it replaces what was known of the event."""
        self.end(parked.key, parked.offset)
        if parked.due_at is None:
            self._for_review[parked.key, parked.offset] = parked
            return
        lane = self._lanes.setdefault(parked.key, [])
        lane.append(parked)
        lane.sort(key=lambda p: p.offset)

    def end(self, key: bytes, offset: int) -> None:
        """Forget the event at *offset*, if it is parked."""
        self._for_review.pop((key, offset), None)
        lane = [p for p in self._lanes.pop(key, ()) if p.offset != offset]
        if lane:
            self._lanes[key] = lane

    def next_due(self) -> tuple[float, Parked] | None:
        """Return the head that is due first, with its time; None when none will be."""
        heads = [
            (h.due_at, h) for h, *_ in self._lanes.values() if h.due_at is not None
        ]
        return min(heads, key=lambda due: (due[0], due[1].offset), default=None)
