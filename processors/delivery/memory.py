"""The messages of one partition that are held in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import takewhile

from processors.delivery.bounds import Bounds
from processors.delivery.lane import Waiting


class Memory:
    """Un-acked messages by offset, and how much of them still has to be kept.

    One that is settled or parked keeps its place until it is acked, but no bytes.
    """

    def __init__(self) -> None:
        self._messages: dict[int, Waiting] = {}
        self.events = 0
        self.size_bytes = 0

    def add(self, event: Waiting) -> None:
        """Keep *event*."""
        self._messages[event.offset] = event
        self.events += 1
        self.size_bytes += event.size_bytes

    def remember(self, event: Waiting) -> None:
        """Keep the place of a message whose event needs nothing any more."""
        event.body = None
        self._messages[event.offset] = event

    def get(self, offset: int) -> Waiting | None:
        """Return the message at *offset*, if it is not acked."""
        return self._messages.get(offset)

    def end(self, event: Waiting) -> None:
        """Let go of the event's bytes: it is settled or parked."""
        self.events -= 1
        self.size_bytes -= event.size_bytes

    def forget(self, offsets: Iterable[int]) -> None:
        """Drop what is acked."""
        for offset in offsets:
            self._messages.pop(offset, None)

    def unacked(self) -> list[Waiting]:
        """Return every message that is not acked, in the order of the log."""
        return [self._messages[offset] for offset in sorted(self._messages)]

    def newest_first(self) -> Iterator[Waiting]:
        """Yield the messages that still take room, the newest first."""
        return (event for event in reversed(self._messages.values()) if event.body)

    def before(self, offset: int) -> Iterator[Waiting]:
        """Yield those before *offset*, the oldest first."""
        older = takewhile(lambda event: event.offset < offset, self._messages.values())
        return (event for event in older if event.body)

    def exceeds(self, bounds: Bounds) -> bool:
        """Whether no more should be taken for now."""
        return self.events >= bounds.events_max or self.size_bytes >= bounds.bytes_max
