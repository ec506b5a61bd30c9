"""Tells whether a message came in the partition where its user's events belong."""

from __future__ import annotations

from confluent_kafka import murmur2

from processors.ledger.origin import Origin


class Placing:
    """Kafka's own placing of keys (murmur2) in the partitions of *topic*."""

    def __init__(self, topic: str, partitions: int) -> None:
        self.topic = topic
        self.partitions = partitions

    def of(self, key: bytes) -> int:
        """Return the partition of *key*.

        >>> Placing("events", 12).of(b"auth0|1")
        8
        """
        partition: int = murmur2(key, self.partitions)
        return partition

    def is_right(self, origin: Origin) -> bool:
        """Whether the message is in the partition of its own key."""
        return origin.key is not None and self.of(origin.key) == origin.partition
