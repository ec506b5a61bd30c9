"""Publishes events straight into keepstep.events, as ingest does, without its HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from confluent_kafka import Producer

from events.topics import Topics
from ingest.messages import Sorter
from tests.support.service import USER_REF_SECRET

FLUSH_SECONDS_MAX = 60.0


class Straight:
    """What ingest makes of a body, with its keys and headers, in the order of calls."""

    def __init__(self, bootstrap_servers: str, topics: Topics) -> None:
        self._sorter = Sorter(topics, (), USER_REF_SECRET)
        self._failed: list[object] = []
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap_servers,
                "partitioner": "murmur2_random",
                "enable.idempotence": True,
                "linger.ms": 5,
                "log_level": 0,
            }
        )

    def publish(self, events: Iterable[dict[str, Any]]) -> None:
        """Return when all *events* are there."""
        for event in events:
            self._send(json.dumps(event).encode())
        assert self._producer.flush(FLUSH_SECONDS_MAX) == 0
        assert not self._failed, self._failed

    def _send(self, body: bytes) -> None:
        for message in self._sorter.sort(body, None).messages:
            sent = False
            while not sent:
                with suppress(BufferError):  # the queue is full: let it empty a little
                    self._producer.produce(
                        message.topic,
                        message.value,
                        message.key,
                        headers=message.headers,
                        on_delivery=self._reported,
                    )
                    sent = True
                self._producer.poll(0 if sent else 0.1)

    def _reported(self, error: object, _: object) -> None:
        if error is not None:
            self._failed.append(error)
