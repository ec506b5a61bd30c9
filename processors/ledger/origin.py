"""Where an event came from, and how that is written into keys and headers."""

from __future__ import annotations

from dataclasses import dataclass, field

from events import headers as h


@dataclass(frozen=True)
class Origin:
    """One message of `keepstep.events`, as long as its event has not ended."""

    topic: str
    topic_ref: str
    partition: int
    offset: int
    key: bytes
    value: bytes = field(repr=False)
    headers: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def retry_key(self) -> bytes:
        """Key in the retry topic: `user_id@<topic id, 8 characters>@offset`."""
        return self.key + f"@{self.topic_ref}@{self.offset}".encode()

    def kept_headers(self) -> dict[str, str | int | None]:
        """Return the headers that a parked event or dead letter takes along."""
        kept: dict[str, str | int | None] = dict(self.headers)
        kept[h.SOURCE_TOPIC] = self.topic
        kept[h.SOURCE_PARTITION] = self.partition
        kept[h.SOURCE_OFFSET] = self.offset
        return kept
