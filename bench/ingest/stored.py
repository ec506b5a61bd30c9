"""Makes the topics of the comparison, counts their records, and removes them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

from confluent_kafka import TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # its stubs export less than it does
    AdminClient,
    OffsetSpec,
)

from events import admin
from events.kafka import KafkaSettings
from events.topics import Topic

SECONDS_MAX = 30.0


@contextlib.contextmanager
def topics_made(kafka: KafkaSettings, topics: Sequence[Topic]) -> Iterator[None]:
    """Have *topics* as long as the context is open."""
    admin.create(kafka, topics)
    try:
        yield
    finally:
        client = AdminClient(kafka.librdkafka())
        names = [topic.name for topic in topics]
        removed = client.delete_topics(names, operation_timeout=SECONDS_MAX)
        for future in removed.values():
            future.result()


def count(kafka: KafkaSettings, topic: Topic) -> int:
    """Return how many records *topic*, which is new, has got."""
    client = AdminClient(kafka.librdkafka())
    ends = client.list_offsets(
        {
            TopicPartition(topic.name, number): OffsetSpec.latest()  # type: ignore[no-untyped-call]  # not in its stubs
            for number in range(topic.partitions)
        },
        request_timeout=SECONDS_MAX,
    )
    return sum(int(future.result().offset) for future in ends.values())
