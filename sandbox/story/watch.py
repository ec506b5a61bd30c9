"""Follows what becomes of events: outcomes, parked events, quarantine."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from confluent_kafka import Consumer, Message, TopicPartition

from events import headers as h
from events.kafka import KafkaSettings
from events.topics import Topics

POLL_SECONDS = 0.1
FOR_A_PERSON = frozenset(("review", "held"))


@dataclass(frozen=True)
class Seen:
    """Something that happened to an event, at one destination or before any.

    What is `settled` has its outcome. What has `ended` has it, too, or waits for a
    person, who may take for ever.
    """

    destination: str | None
    event_id: str | None
    event_type: str
    state: str
    record_id: str | None
    waits_until: datetime | None
    ended: bool
    settled: bool = False


class Watch:
    """Reads the topics of *destinations* from their beginning."""

    def __init__(
        self, kafka: KafkaSettings, topics: Topics, destinations: Collection[str]
    ) -> None:
        self._quarantine = topics.quarantine
        self._outcomes = {topics.outcomes(name).name: name for name in destinations}
        self._retry = {topics.retry(name).name: name for name in destinations}
        followed = [topics.quarantine, *map(topics.outcomes, destinations)]
        followed += map(topics.retry, destinations)
        self._consumer = Consumer(
            {
                **kafka.librdkafka(),
                "group.id": "story",  # asked for, never joined
                "auto.offset.reset": "earliest",
                "enable.auto.commit": False,
                "log_level": 0,
            }
        )
        self._consumer.assign(
            [
                TopicPartition(topic.name, partition, 0)
                for topic in followed
                for partition in range(topic.partitions)
            ]
        )

    def seen(self) -> list[Seen]:
        """Return what happened since the last call; waits a moment for more."""
        messages = self._consumer.consume(100, POLL_SECONDS)
        found = [self._read(message) for message in messages if not message.error()]
        return [seen for seen in found if seen is not None]

    def close(self) -> None:
        """Stop reading."""
        self._consumer.close()

    def _read(self, message: Message) -> Seen | None:
        headers, topic = h.decode(message.headers()), message.topic() or ""
        if topic == self._quarantine.name:
            state = f"quarantine: {headers[h.REASON]}"
            return Seen(None, None, "", state, None, None, ended=True, settled=True)
        if message.value() is None:
            return None  # does not wait any more, or ends a transaction
        if topic in self._retry:
            return _parked(self._retry[topic], headers)
        return _ended(self._outcomes[topic], json.loads(message.value() or b"{}"))


def _ended(destination: str, outcome: dict[str, Any]) -> Seen:
    state = outcome["action"] or outcome["outcome"]
    if outcome["attempts"] > 1:
        state += f" (attempt {outcome['attempts']})"
    if outcome["reason"]:
        state += f": {outcome['reason']}"
    kind, record = outcome["event_type"], outcome["record_id"]
    event_id = outcome["event_id"]
    return Seen(
        destination, event_id, kind, state, record, None, ended=True, settled=True
    )


def _parked(destination: str, headers: dict[str, str]) -> Seen:
    event_id, kind = headers.get(h.EVENT_ID), headers.get(h.EVENT_TYPE, "")
    state, until = f"waits: {headers[h.REASON]}", None
    if headers[h.STATE] in FOR_A_PERSON:
        return Seen(destination, event_id, kind, state, None, None, ended=True)
    if headers[h.ATTEMPT] != "0":
        state += f" (attempt {headers[h.ATTEMPT]} failed)"
    if h.NOT_BEFORE in headers:  # not where it waits behind another event
        until = datetime.fromtimestamp(h.epoch_seconds(headers[h.NOT_BEFORE]), UTC)
    return Seen(destination, event_id, kind, state, None, until, ended=False)
