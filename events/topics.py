"""The topics of one installation, their settings, and how they are made and checked.

Sizes: ingest takes bodies up to 4 MiB. A message adds its headers to that, a parked
event or a dead letter the reason and the history of its attempts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

KIB = 1024
DAY_MS = 24 * 60 * 60 * 1000
BODY_BYTES_MAX = 4 * KIB * KIB
EVENT_BYTES_MAX = BODY_BYTES_MAX + 64 * KIB
RECORD_BYTES_MAX = BODY_BYTES_MAX + 128 * KIB


@dataclass(frozen=True)
class Topic:
    """One topic: name, number of partitions, settings that differ from Kafka's."""

    name: str
    partitions: int
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def compacted(self) -> bool:
        """Whether Kafka keeps the last record of each key for ever."""
        return self.settings["cleanup.policy"] == "compact"


@dataclass(frozen=True)
class Topics:
    """Names every topic of an installation, and gives each its final settings."""

    installation: str
    partitions: int

    @property
    def events(self) -> Topic:
        """What Auth0 sent: key = user_id, value = the body, byte for byte."""
        return self._kept("events", 14, EVENT_BYTES_MAX)

    @property
    def quarantine(self) -> Topic:
        """Authenticated bodies that are no readable event."""
        return Topic(f"{self.installation}.quarantine", 1, _kept(7, EVENT_BYTES_MAX))

    def retry(self, destination: str) -> Topic:
        """Events that wait for another attempt; null = not waiting any more."""
        return self._compacted(f"{destination}.retry", RECORD_BYTES_MAX)

    def links(self, destination: str) -> Topic:
        """Who is who at the destination."""
        return self._compacted(f"{destination}.links", KIB * KIB)

    def dead(self, destination: str) -> Topic:
        """Dead letters: the original bytes, the reason in headers."""
        return self._kept(f"{destination}.dead", 30, RECORD_BYTES_MAX)

    def outcomes(self, destination: str) -> Topic:
        """What was done for each event; key = user_ref."""
        return self._kept(f"{destination}.outcomes", 90, KIB * KIB)

    def commands(self, destination: str) -> Topic:
        """What operators asked for."""
        return self._kept(f"{destination}.commands", 14, KIB * KIB)

    def of_ingest(self) -> tuple[Topic, ...]:
        """Return the topics that ingest writes."""
        return self.events, self.quarantine

    def of_destination(self, destination: str) -> tuple[Topic, ...]:
        """Return the topics that a worker of *destination* reads or writes."""
        return (
            self.events,
            self.links(destination),
            self.retry(destination),
            self.dead(destination),
            self.outcomes(destination),
            self.commands(destination),
        )

    def written_by(self, destination: str) -> tuple[Topic, ...]:
        """Return the topics of the destination that its worker's transactions write."""
        return (
            self.links(destination),
            self.retry(destination),
            self.dead(destination),
            self.outcomes(destination),
        )

    def all_of(self, destinations: Iterable[str]) -> tuple[Topic, ...]:
        """Return every topic of the installation, each once."""
        found = {topic.name: topic for topic in self.of_ingest()}
        for destination in destinations:
            found |= {topic.name: topic for topic in self.of_destination(destination)}
        return tuple(found.values())

    def _kept(self, name: str, days: int, bytes_max: int) -> Topic:
        full = f"{self.installation}.{name}"
        return Topic(full, self.partitions, _kept(days, bytes_max))

    def _compacted(self, name: str, bytes_max: int) -> Topic:
        settings = _durable(bytes_max) | {
            "cleanup.policy": "compact",
            "delete.retention.ms": str(DAY_MS),
            "segment.bytes": str(64 * KIB * KIB),  # load time follows the log's size
            "segment.ms": str(DAY_MS),  # an active segment is never compacted
            "min.cleanable.dirty.ratio": "0.2",
            "max.compaction.lag.ms": str(7 * DAY_MS),  # a deleted user's bytes leave
        }
        return Topic(f"{self.installation}.{name}", self.partitions, settings)


def _kept(days: int, bytes_max: int) -> dict[str, str]:
    return _durable(bytes_max) | {
        "cleanup.policy": "delete",
        "retention.ms": str(days * DAY_MS),
        "segment.ms": str(DAY_MS),
    }


def _durable(bytes_max: int) -> dict[str, str]:
    return {
        "unclean.leader.election.enable": "false",
        "max.message.bytes": str(bytes_max),
        "message.timestamp.type": "CreateTime",
    }
