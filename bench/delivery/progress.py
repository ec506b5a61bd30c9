"""Tells how many events of a topic a group has done with."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from confluent_kafka import Consumer, KafkaException, TopicPartition

from events.kafka import KafkaSettings
from events.topics import Topic

ANSWER_SECONDS_MAX = 10.0


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
