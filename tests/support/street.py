"""Lanes whose operations become durable when a test says so."""

from __future__ import annotations

from processors.delivery.lane import Entry, Waiting
from processors.delivery.lanes import Attempt, Lanes, Rules
from processors.delivery.link import Link
from processors.delivery.operations import Operation
from processors.delivery.records import (
    Outcome,
    Park,
)
from processors.delivery.verdict import (
    Verdict,
)
from tests.support.core import (
    REF,
    fetch,
    rules,
    settled,
)

NOW = 100.0
LINK = Link(REF)
USERS = (b"ann", b"bob", b"eve")


class Street:
    """Lanes whose operations become durable when the test says so."""

    def __init__(self, found: Rules | None = None) -> None:
        self.operations: list[Operation] = []
        self.lanes = Lanes(
            found or rules(),
            dict.fromkeys(USERS, LINK).__getitem__,
            self.operations.append,
        )

    def add(self, *events: Waiting, now: float = NOW) -> None:
        for event in events:
            self.lanes.add(event, now)

    def start(self) -> Attempt:
        attempt = self.lanes.start(epoch=3)
        assert attempt is not None
        fetch(attempt.events)
        return attempt

    def end(self, verdict: Verdict | None = None, now: float = NOW) -> Attempt:
        """Make the next attempt, and let it end with *verdict*."""
        attempt = self.start()
        self.lanes.ended(attempt, verdict or settled(attempt), now, 0.5)
        return attempt

    def durable(self, now: float = NOW) -> None:
        """Let what was operated become durable, and the lanes go on."""
        operations, self.operations = self.operations[:], []
        self.lanes._operate = self.operations.append
        for operation in operations:
            gone = set()
            for record in operation.records:
                match record:
                    case Outcome(event=event):
                        gone.add(event)
                    case Park(event=event, entry=entry):
                        event.entry = entry
            [lane] = operation.lanes
            self.lanes.durable(lane, frozenset(gone), now)

    def parks(self) -> list[tuple[int, Entry]]:
        """Return what the operations since the last time park."""
        return [
            (record.event.offset, record.entry)
            for operation in self.operations
            for record in operation.records
            if isinstance(record, Park)
        ]

    def ready(self) -> list[int]:
        """Return the offsets of the attempts that may start now."""
        offsets = []
        while self.lanes.has_ready:
            offsets.append(self.start().events[0].offset)
        return offsets
