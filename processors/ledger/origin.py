"""Where an event came from, and what is kept of its message."""

from __future__ import annotations

from dataclasses import dataclass, field

from events import headers as h


@dataclass(slots=True)  # frozen, it would take three times as long to make
class Origin:
    """One message of `keepstep.events`, as long as its event has not ended.

    `received_at` is the message's timestamp in epoch seconds.
    """

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None = field(repr=False)
    received_at: float
    headers: dict[str, str] = field(default_factory=dict, repr=False)

    def kept_headers(self) -> dict[str, str | int | None]:
        """Return the headers that a parked event or dead letter takes along."""
        kept: dict[str, str | int | None] = dict(self.headers)
        kept[h.SOURCE_TOPIC] = self.topic
        kept[h.SOURCE_PARTITION] = self.partition
        kept[h.SOURCE_OFFSET] = self.offset
        kept[h.SOURCE_TIMESTAMP] = h.instant(self.received_at)
        return kept
