"""Reads a topic once from its beginning, and then only what is new."""

from __future__ import annotations

from uuid import uuid4

from confluent_kafka import Consumer, TopicPartition

from events import headers
from tests.support.topics import Stored

MORE_SECONDS = 0.05


class Follower:
    """A topic's records so far; each look takes in what has come since."""

    def __init__(self, bootstrap_servers: str, topic: str, partitions: int) -> None:
        self._found: list[Stored] = []
        self._consumer = Consumer(
            {
                "bootstrap.servers": bootstrap_servers,
                "group.id": f"follower-{uuid4().hex}",
                "enable.auto.commit": False,
                "isolation.level": "read_committed",
                "fetch.wait.max.ms": 50,
            }
        )
        places = [TopicPartition(topic, number, 0) for number in range(partitions)]
        self._consumer.assign(places)

    def records(self) -> list[Stored]:
        """Return every record seen so far, in the order they were read."""
        while messages := self._consumer.consume(500, MORE_SECONDS):
            for message in messages:
                if message.error() is None:
                    self._found.append(
                        Stored(
                            key=message.key(),
                            value=message.value(),
                            headers=headers.decode(message.headers()),
                            partition=message.partition() or 0,
                            offset=message.offset() or 0,
                        )
                    )
        return list(self._found)

    def close(self) -> None:
        self._consumer.close()
