"""Puts events into a topic, and tells how many of them a group has done with."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

from bench.delivery.bodies import Body
from events.kafka import KafkaSettings
from events.topics import Topic

WRITE_SECONDS_MAX = 60.0
ANSWER_SECONDS_MAX = 10.0
QUEUED_MAX = 1_000_000


def feed(kafka: KafkaSettings, topic: Topic, bodies: Iterable[Body]) -> int:
    """Write *bodies* as ingest does, return how many when all are durable."""
    producer = Producer(
        {
            **kafka.librdkafka(),
            "log_level": 0,
            "enable.idempotence": True,
            "partitioner": "murmur2_random",
            "compression.type": "lz4",
            "queue.buffering.max.messages": QUEUED_MAX,
        }
    )
    count = 0
    for body in bodies:
        producer.produce(topic.name, body.value, body.key, headers=body.headers)
        count += 1
    if producer.flush(WRITE_SECONDS_MAX):
        raise TimeoutError(f"{topic.name}: not all events were written")
    return count


@contextlib.contextmanager
def progress(
    kafka: KafkaSettings, group: str, topic: Topic
) -> Iterator[Callable[[], int]]:
    """Give a function that counts the events of a new topic that *group* has done.

    Nothing is known, and so 0, while the broker makes ready for the group.
    """
    places = [TopicPartition(topic.name, number) for number in range(topic.partitions)]
    consumer = Consumer({**kafka.librdkafka(), "group.id": group, "log_level": 0})

    def count() -> int:
        try:
            found = consumer.committed(places, ANSWER_SECONDS_MAX)
        except KafkaException:
            return 0
        return sum(max(0, place.offset) for place in found)

    try:
        yield count
    finally:
        consumer.close()
