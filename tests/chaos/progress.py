"""Tells from the topics whether every event has ended."""

from __future__ import annotations

import time
from uuid import uuid4

import msgspec
from confluent_kafka import Consumer, TopicPartition

from processors.ledger.keys import ENDED
from tests.chaos.stage import Stage


class _Outcome(msgspec.Struct):
    source: tuple[str, int, int]


class Progress:
    """Counts the events that ingest has stored, and those that have an outcome."""

    def __init__(self, stage: Stage) -> None:
        self._events = stage.topics.events
        self._consumer = Consumer(
            {
                **stage.kafka.librdkafka(),
                "group.id": f"progress-{uuid4().hex}",
                "enable.auto.commit": False,
                "isolation.level": "read_committed",
                "log_level": 0,
            }
        )
        outcomes = stage.topics.outcomes("crm")
        numbers = range(outcomes.partitions)
        self._consumer.assign([TopicPartition(outcomes.name, n, 0) for n in numbers])
        self._ended: set[tuple[int, int]] = set()

    def until_all_ended(self, seconds_max: float) -> None:
        """Return when every event has ended, or after *seconds_max*."""
        deadline = time.monotonic() + seconds_max
        while time.monotonic() < deadline:
            self._take()
            if len(self._ended) >= self.stored():
                return

    @property
    def ended(self) -> int:
        """How many events have an outcome, as far as was looked."""
        return len(self._ended)

    def stored(self) -> int:
        """Return how many events the topic holds; ingest's offsets have no gaps."""
        places = [
            TopicPartition(self._events.name, number)
            for number in range(self._events.partitions)
        ]
        marks = [self._consumer.get_watermark_offsets(place, 10.0) for place in places]
        return sum(high for _, high in marks)

    def close(self) -> None:
        """Stop reading."""
        self._consumer.close()

    def _take(self) -> None:
        for message in self._consumer.consume(10_000, 0.5):
            if message.error() is None and message.key() != ENDED:
                value = message.value() or b""
                said = msgspec.json.decode(value, type=_Outcome)
                self._ended.add(said.source[1:])
