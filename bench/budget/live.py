"""Events that happen as they are published, of users who have no backlog."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from confluent_kafka import KafkaError, Message, Producer

from bench.delivery.bodies import body
from events.kafka import KafkaSettings
from events.topics import Topic

WRITE_SECONDS_MAX = 30.0


@dataclass
class Live:
    """Events of *users* in turn, numbered on from *first*.

    `at` is when each happened, in seconds of the monotonic clock, and `partitions`
    where each was stored.
    """

    kafka: KafkaSettings
    topic: Topic
    users: range
    first: int
    events_per_second: float
    at: list[float] = field(default_factory=list)
    partitions: dict[int, int] = field(default_factory=dict)

    def user(self, number: int) -> int:
        """Return whose event *number* is."""
        return self.users[(number - self.first) % len(self.users)]

    @contextmanager
    def flowing(self) -> Iterator[None]:
        """Publish as long as the block runs."""
        stop = threading.Event()
        thread = threading.Thread(target=self._run, args=[stop])
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def _run(self, stop: threading.Event) -> None:
        producer = Producer(
            {
                **self.kafka.librdkafka(),
                "log_level": 0,
                "enable.idempotence": True,
                "partitioner": "murmur2_random",
            }
        )
        began = time.monotonic()
        while not stop.wait(
            began + len(self.at) / self.events_per_second - time.monotonic()
        ):
            self._publish(producer)
        if producer.flush(WRITE_SECONDS_MAX):
            raise TimeoutError(f"{self.topic.name}: not all events were written")

    def _publish(self, producer: Producer) -> None:
        number = self.first + len(self.at)

        def stored(error: KafkaError | None, message: Message) -> None:
            if error is not None:
                raise RuntimeError(error.name())
            self.partitions[number] = message.partition() or 0

        event = body(number, self.user(number), datetime.now(UTC))
        self.at.append(time.monotonic())
        producer.produce(
            self.topic.name,
            event.value,
            event.key,
            headers=event.headers,
            on_delivery=stored,
        )
        producer.poll(0)
