"""Offers events at an even rate, whatever becomes of them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf

from confluent_kafka import Producer

from bench.delivery.bodies import bodies
from events.kafka import KafkaSettings
from events.topics import Topic

WRITE_SECONDS_MAX = 60.0
QUEUED_MAX = 1_000_000


@dataclass
class Offer:
    """Events of *users*, all at once or so many per second; numbered on from *first*.

    `at` is when each was given to Kafka's client, in seconds of the monotonic clock.
    `behind_seconds` is how late the latest was: the machine was too busy to offer more.
    """

    kafka: KafkaSettings
    topic: Topic
    users: Sequence[int]
    events_per_second: float = inf
    first: int = 0
    at: list[float] = field(default_factory=list)
    behind_seconds: float = 0.0

    def run(self) -> None:
        """Return when all are durable."""
        producer = _producer(self.kafka)
        started = time.monotonic()
        for number, body in enumerate(bodies(self.users, self.first)):
            due = started + number / self.events_per_second
            while (now := time.monotonic()) < due:
                producer.poll(due - now)
            self.behind_seconds = max(self.behind_seconds, now - due)
            self.at.append(now)
            producer.produce(
                self.topic.name, body.value, body.key, headers=body.headers
            )
        if producer.flush(WRITE_SECONDS_MAX):
            raise TimeoutError(f"{self.topic.name}: not all events were written")


def _producer(kafka: KafkaSettings) -> Producer:
    return Producer(
        {
            **kafka.librdkafka(),
            "log_level": 0,
            "enable.idempotence": True,
            "partitioner": "murmur2_random",
            "compression.type": "lz4",
            "linger.ms": 5,
            "queue.buffering.max.messages": QUEUED_MAX,
        }
    )
