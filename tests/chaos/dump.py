"""Writes topics into `topics.jsonl`, as a reader who must not see aborted records."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import msgspec
from confluent_kafka import OFFSET_BEGINNING, Consumer, Message, TopicPartition

from events import headers
from events.kafka import KafkaSettings
from events.topics import Topics
from processors.ledger.keys import ENDED
from tests.history.records import Dumped

_json = msgspec.json.Encoder()


def dump(kafka: KafkaSettings, topics: Topics, path: Path) -> None:
    """Write what the topics hold now, each partition in order."""
    of = (topics.outcomes, topics.retry, topics.dead, topics.links)
    names = [topics.events.name, *(topic("crm").name for topic in of)]
    left = {(name, number) for name in names for number in range(topics.partitions)}
    consumer = Consumer(
        {
            **kafka.librdkafka(),
            "group.id": f"dump-{uuid4().hex}",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
            "log_level": 0,
        }
    )
    consumer.assign([TopicPartition(*place, OFFSET_BEGINNING) for place in left])
    with path.open("wb") as file:
        while left:
            for message in consumer.consume(10_000, 0.5):
                error = message.error()
                if error is None and message.key() != ENDED:
                    file.write(_json.encode(_dumped(message)) + b"\n")
                elif error is not None and error.name() == "_PARTITION_EOF":
                    left.discard((message.topic() or "", message.partition() or 0))
    consumer.close()


def _dumped(message: Message) -> Dumped:
    return Dumped(
        topic=message.topic() or "",
        partition=message.partition() or 0,
        offset=message.offset() or 0,
        key=_text(message.key()),
        value=_text(message.value()),
        headers=headers.decode(message.headers()),
    )


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode(errors="replace")
