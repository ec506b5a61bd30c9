"""Waits for what a worker made of one event."""

from __future__ import annotations

import msgspec

from console.operate.reader import Reader
from console.operate.target import Target


class Ended(msgspec.Struct, frozen=True):
    """How an event ended; keys that are not needed here are left out."""

    event_id: str | None = None
    outcome: str = ""
    action: str | None = None
    record_id: str | None = None
    reason: str | None = None

    def __str__(self) -> str:
        action = f" ({self.action})" if self.action else ""
        reason = f": {self.reason}" if self.reason else ""
        return f"{self.outcome}{action}{reason}"


class Outcomes:
    """Follows one user's partition of the outcomes, from now on."""

    def __init__(self, reader: Reader, target: Target, user_id: str) -> None:
        self._reader = reader
        self._topic = target.topics.outcomes(target.name).name
        number = target.partition_of(user_id)
        bounds = reader.bounds(self._topic, [number])
        self._positions = {number: end for number, (_, end) in bounds.items()}

    def of(self, event_id: str, seconds_max: float) -> Ended | None:
        """Return the event's outcome, or None where there is none in time."""
        found = self._reader.follow(self._topic, self._positions, seconds_max)
        for message in found:
            self._positions[message.partition() or 0] = (message.offset() or 0) + 1
            ended = msgspec.json.decode(message.value() or b"{}", type=Ended)
            if ended.event_id == event_id:
                return ended
        return None
