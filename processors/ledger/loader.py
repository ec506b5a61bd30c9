"""Reads what is parked in one partition of the retry topic."""

from __future__ import annotations

from typing import NamedTuple

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaError,
    KafkaException,
    TopicPartition,
)

from events import headers as h
from events.exits import BadConfiguration
from events.kafka import KafkaSettings
from events.topics import Topic
from processors.delivery.lanes import Parked

READ_SECONDS = 1.0


class Loaded(NamedTuple):
    """A parked event, the topic it came from, and the headers it was parked with."""

    parked: Parked
    topic_ref: str
    headers: dict[str, str]


def load(kafka: KafkaSettings, retry: Topic, partition: int) -> list[Loaded]:
    """Return the events parked in *partition*, in source order. Blocks: use a thread.

    Reads to the end that the partition had when the reading began.

    Raises:
        BadConfiguration: An entry cannot be read; the message says where it is.
    """
    consumer = Consumer(
        {
            **kafka.librdkafka(),
            "group.id": f"{retry.name}.loader",  # asked for, never joined
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
            "log_level": 0,
        }
    )
    try:
        return _read(consumer, TopicPartition(retry.name, partition))
    finally:
        consumer.close()


def _read(consumer: Consumer, place: TopicPartition) -> list[Loaded]:
    consumer.assign([TopicPartition(place.topic, place.partition, OFFSET_BEGINNING)])
    found: dict[bytes, Loaded] = {}
    while True:
        message = consumer.poll(READ_SECONDS)
        if message is None:
            continue
        error = message.error()
        if error is not None and error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 -- its public name
            break
        if error is not None:
            raise KafkaException(error)
        key, value = message.key() or b"", message.value()
        if value is None:
            found.pop(key, None)
            continue
        at = f"{place.topic}, partition {place.partition}, offset {message.offset()}"
        found[key] = _loaded(key, value, h.decode(message.headers()), at)
    return sorted(found.values(), key=lambda loaded: loaded.parked.offset)


def _loaded(key: bytes, value: bytes, headers: dict[str, str], at: str) -> Loaded:
    try:
        user, ref, offset = key.rsplit(b"@", 2)
        not_before = headers.get(h.NOT_BEFORE)
        parked = Parked(
            key=user,
            offset=int(offset),
            attempts=int(headers[h.ATTEMPT]),
            due_at=None if not_before is None else h.epoch_seconds(not_before),
            first_failed_at=h.epoch_seconds(headers[h.FIRST_FAILED_AT]),
            reason=headers.get(h.REASON, ""),
            value=value,
        )
        return Loaded(parked, ref.decode(), headers)
    except (KeyError, ValueError) as error:
        raise BadConfiguration(
            f"{at}: no entry of a parked event ({error}): write a null for its key "
            "with kafka-console-producer.sh, or restore the record"
        ) from None
