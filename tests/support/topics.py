"""Reads a whole topic, as a reader who must not see aborted transactions."""

from __future__ import annotations

import time
from dataclasses import dataclass
from uuid import uuid4

from confluent_kafka import Consumer, TopicPartition

from events import headers

READ_SECONDS_MAX = 30.0


@dataclass(frozen=True)
class Stored:
    """One record of a topic."""

    key: bytes | None
    value: bytes | None
    headers: dict[str, str]
    partition: int
    offset: int


def read_topic(bootstrap_servers: str, topic: str, **settings: object) -> list[Stored]:
    """Return every record that *topic* holds now, partition by partition, in order."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": f"read-topic-{uuid4().hex}",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
            **settings,
        }
    )
    try:
        return [
            record
            for partition in _partitions(consumer, topic)
            for record in _read_partition(consumer, topic, partition)
        ]
    finally:
        consumer.close()


def _partitions(consumer: Consumer, topic: str) -> list[int]:
    listed = consumer.list_topics(topic, timeout=10.0).topics[topic]
    assert listed.error is None, listed.error
    return sorted(listed.partitions)


def _read_partition(consumer: Consumer, topic: str, partition: int) -> list[Stored]:
    place = TopicPartition(topic, partition)
    low, high = consumer.get_watermark_offsets(place, timeout=10.0)
    found: list[Stored] = []
    if low == high:
        return found
    consumer.assign([TopicPartition(topic, partition, low)])
    deadline = time.monotonic() + READ_SECONDS_MAX
    while time.monotonic() < deadline:
        for message in consumer.consume(1000, timeout=0.2):
            error = message.error()
            if error is not None:
                assert error.name() == "_PARTITION_EOF", error
                return found
            found.append(
                Stored(
                    key=message.key(),
                    value=message.value(),
                    headers=headers.decode(message.headers()),
                    partition=partition,
                    offset=message.offset() or 0,
                )
            )
    raise TimeoutError(f"{topic}-{partition}: no end within {READ_SECONDS_MAX} s")
