"""Tells whether a message came in the partition where its user's events belong."""

from __future__ import annotations

from functools import lru_cache

from aiokafka.partitioner import murmur2

from processors.ledger.origin import Origin

KEYS_MAX = 100_000
_POSITIVE = 0x7FFFFFFF


class Placing:
    """Kafka's own placing of keys (murmur2) in the partitions of *topic*."""

    def __init__(self, topic: str, partitions: int) -> None:
        self.topic = topic
        # In Python it takes 9 us for each event, and users come again.
        self._of = lru_cache(KEYS_MAX)(lambda key: _placed(key, partitions))

    def of(self, key: bytes) -> int:
        """Return the partition of *key*."""
        return self._of(key)

    def is_right(self, origin: Origin) -> bool:
        """Whether the message is in the partition of its own key."""
        return origin.key is not None and self._of(origin.key) == origin.partition


def _placed(key: bytes, partitions: int) -> int:
    hashed: int = murmur2(key)
    return (hashed & _POSITIVE) % partitions
