"""Fills a destination's links as if a million users had been kept in step."""

from __future__ import annotations

import random

from confluent_kafka import Producer

from events.kafka import KafkaSettings
from events.topics import Topic
from processors.delivery.link import Link, encode
from processors.delivery.version import Version

FIELDS = ("email", "name", "given_name", "family_name", "phone")
OWN_VERSION_EVERY = 4  # links, of which one field was set by an earlier event
SECONDS_MAX = 120.0
QUEUED_MAX = 100_000


def fill(kafka: KafkaSettings, topic: Topic, count: int) -> float:
    """Write *count* links, spread evenly, and return their size in bytes on average.

    They come in large batches; a worker's transactions are smaller, so what compaction
    has not been through yet loads somewhat slower.
    """
    producer = Producer(
        {
            **kafka.librdkafka(),
            "compression.type": "lz4",
            "batch.size": 1_000_000,
            "linger.ms": 20,
            "queue.buffering.max.messages": QUEUED_MAX,
        }
    )
    size, dice = 0, random.Random(count)
    for number in range(count):
        user, value = f"auth0|{number:024x}".encode(), encode(_link(number, dice))
        size += len(value)
        partition = number % topic.partitions
        while True:
            try:
                producer.produce(topic.name, value, user, partition)
                break
            except BufferError:
                producer.poll(0.1)
    if producer.flush(SECONDS_MAX):
        raise TimeoutError(f"{topic.name}: not all links were written")
    return size / count


def _link(number: int, dice: random.Random) -> Link:
    newest = _version(number)
    versions = dict.fromkeys(FIELDS, newest)
    if number % OWN_VERSION_EVERY == 0:
        versions["email"] = _version(number // 2)
    fingerprints = {name: f"{dice.getrandbits(48):012x}" for name in FIELDS}
    return Link(
        "AbCdEfGhIjKlMnOpQrStUv", number, -1, f"c_{number}", versions, fingerprints
    )


def _version(number: int) -> Version:
    second = f"2026-01-01T12:{number // 60 % 60:02d}:{number % 60:02d}"
    return Version(f"{second}.123000000Z", f"{second}.096000000Z", f"evt_{number:022d}")
