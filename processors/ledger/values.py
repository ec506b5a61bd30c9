"""Reads back what is parked, record by record, from where it is expected to lie."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from confluent_kafka import Consumer, KafkaException, Message

from events.headers import Headers
from events.kafka import KafkaSettings
from events.topics import Topic
from processors.ledger.clients import Deadline, LedgerUnavailable, open_consumer
from processors.ledger.offsets import ends, ends_of
from processors.ledger.stretches import Stretch, pairs, read

# Reading on through this many offsets is cheaper than asking for another place.
GAP_MAX = 200


class Stored(NamedTuple):
    """A record of the retry topic, and when it was written there."""

    offset: int
    key: bytes
    value: bytes
    headers: Headers
    epoch_seconds: float


class Values:
    """One consumer that stays connected, for all partitions of a retry topic.

    Blocks: use a thread; several may call, one is served at a time.
    """

    def __init__(
        self, kafka: KafkaSettings, retry: Topic, *, seconds_max: float = 10.0
    ) -> None:
        self._kafka = kafka
        self._topic = retry.name
        self._seconds_max = seconds_max
        self._lock = threading.Lock()
        self._consumer = self._opened()
        self.misses = 0

    def _opened(self) -> Consumer:
        return open_consumer(
            self._kafka,
            f"{self._topic}.values",
            "read_committed",
            fetch_queue_backoff_ms=5,
            fetch_wait_max_ms=10,
            queued_min_messages=1,  # what was not asked for is not fetched, either
        )

    def fetch(self, partition: int, wanted: Mapping[int, bytes]) -> dict[bytes, Stored]:
        """Return the records with the keys of *wanted*, each expected at its offset.

        One that lies elsewhere is looked for in the whole partition, its newest counts;
        `misses` counts them. Keys that are not parked any more are left out.

        Raises:
            LedgerUnavailable: It took longer than `seconds_max`, or the broker refused.
        """
        deadline = Deadline(self._seconds_max)
        with self._lock:
            try:
                found = self._at(partition, wanted, deadline)
                missing = set(wanted.values()) - set(found)
                if missing:
                    self.misses += len(missing)
                    found |= self._newest(partition, missing, deadline)
            except KafkaException as error:
                self._renew()
                raise LedgerUnavailable(error.args[0].name()) from None
            except LedgerUnavailable:
                self._renew()
                raise
        return found

    def _renew(self) -> None:
        """Connect anew: a client that met a frozen broker may know no topic any more.

        It then says "unknown partition" for ever (librdkafka 2.16).
        """
        self._consumer.close()
        self._consumer = self._opened()

    def close(self) -> None:
        """End the connection."""
        self._consumer.close()

    def _at(
        self, partition: int, wanted: Mapping[int, bytes], deadline: Deadline
    ) -> dict[bytes, Stored]:
        low, high = ends_of(self._consumer, self._topic, partition, deadline)
        found = {}
        for begin, end in _runs(offset for offset in wanted if low <= offset < high):
            stretch = Stretch(self._topic, partition, begin, end)
            for message in read(self._consumer, [stretch], deadline):
                offset, key = message.offset() or 0, message.key() or b""
                value = message.value()
                if wanted.get(offset) == key and value is not None:
                    found[key] = _stored(message, key, value)
        return found

    def _newest(
        self, partition: int, keys: Collection[bytes], deadline: Deadline
    ) -> dict[bytes, Stored]:
        left = deadline.left_seconds()
        end = ends(self._kafka, self._topic, [partition], left)[partition]
        found: dict[bytes, Stored] = {}
        stretch = Stretch(self._topic, partition, *end)
        for message in read(self._consumer, [stretch], deadline):
            key, value = message.key() or b"", message.value()
            if key not in keys:
                continue
            if value is None:
                found.pop(key, None)
            else:
                found[key] = _stored(message, key, value)
        return found


def _runs(offsets: Iterable[int]) -> list[tuple[int, int]]:
    """Return stretches that cover *offsets*, without the wide gaps between them.

    >>> _runs([7, 5, 500])
    [(5, 8), (500, 501)]
    """
    runs: list[tuple[int, int]] = []
    for offset in sorted(offsets):
        begin = offset
        if runs and offset - runs[-1][1] <= GAP_MAX:
            begin = runs.pop()[0]
        runs.append((begin, offset + 1))
    return runs


def _stored(message: Message, key: bytes, value: bytes) -> Stored:
    headers = pairs(message.headers())
    epoch_seconds = message.timestamp()[1] / 1000
    return Stored(message.offset() or 0, key, value, headers, epoch_seconds)
