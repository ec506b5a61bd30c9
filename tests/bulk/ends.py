"""How the events of a bulk ended, by event and by user."""

from __future__ import annotations

from collections import Counter, defaultdict
from uuid import uuid4

import msgspec
from confluent_kafka import Consumer, TopicPartition

from events.topics import Topic
from processors.ledger.keys import ENDED

LOOK_SECONDS = 0.05
SILENT_SECONDS = 1.0
LOOK_MESSAGES_MAX = 500


class End(msgspec.Struct):
    """What an outcome says."""

    event_id: str
    outcome: str
    action: str | None
    calls: int
    statuses: list[int | None]
    source: tuple[str, int, int]


class Ends:
    """The outcomes so far; each look takes in what has come since."""

    def __init__(self, bootstrap_servers: str, topic: Topic) -> None:
        self.of_event: dict[str, list[End]] = defaultdict(list)
        self.places: Counter[tuple[int, int]] = Counter()
        self._consumer = Consumer(
            {
                "bootstrap.servers": bootstrap_servers,
                "group.id": f"bulk-{uuid4().hex}",
                "enable.auto.commit": False,
                "isolation.level": "read_committed",
                "fetch.wait.max.ms": 50,
            }
        )
        numbers = range(topic.partitions)
        self._consumer.assign([TopicPartition(topic.name, n, 0) for n in numbers])

    def have(self, due: int) -> bool:
        """Whether so many messages have ended, as far as was looked."""
        self._take(LOOK_SECONDS)
        return len(self.places) >= due

    def drain(self) -> int:
        """Take in all there is; return how many messages have ended."""
        while self._take(SILENT_SECONDS):
            pass
        return len(self.places)

    def _take(self, seconds: float) -> int:
        found = self._consumer.consume(LOOK_MESSAGES_MAX, seconds)
        for message in found:
            assert message.error() is None, message.error()
            if message.key() == ENDED:
                continue
            end = msgspec.json.decode(message.value() or b"", type=End)
            self.of_event[end.event_id].append(end)
            self.places[end.source[1:]] += 1
        return len(found)

    def all(self) -> list[End]:
        """Return every outcome so far."""
        return [end for ends in self.of_event.values() for end in ends]

    def written(self) -> Counter[str]:
        """Return how often each user's record was written, as far as is durable."""
        applied = (end for end in self.all() if end.outcome == "applied")
        return Counter(user_of(end.event_id) for end in applied)

    def close(self) -> None:
        """Stop reading."""
        self._consumer.close()


def user_of(event_id: str) -> str:
    """Return whose event it is.

    >>> user_of("evt_bulk-7-3")
    'auth0|bulk-7'
    """
    return f"auth0|{event_id.removeprefix('evt_').rpartition('-')[0]}"
