"""Writes how events end and what waits: retry topic, dead letters, outcomes."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

import msgspec
import structlog

from events import headers as h
from events.publisher import Message, Publisher, PublishFailed
from events.topics import Topics
from processors.attempts import Attempt
from processors.delivery.verdict import DeadClass, Outcome, Settled
from processors.ledger.origin import Origin
from processors.metrics import WorkerMetrics
from processors.refs import References

log = structlog.get_logger()
AGAIN_SECONDS = 1.0
FORMAT = 1


@dataclass(frozen=True)
class Ended:
    """How an event ended, for its outcome record."""

    outcome: Outcome
    event_id: str
    event_type: str
    attempt: Attempt | None = None
    dead_class: DeadClass | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Writer:
    """Writes records to the source event's own partition; returns when durable.

    While Kafka is away it tries again without end: nothing may be acknowledged, and
    nothing dropped, before its record is safe.
    """

    publisher: Publisher
    topics: Topics
    destination: str
    references: References
    metrics: WorkerMetrics

    async def settle(self, origin: Origin, ended: Ended, *, parked: bool) -> None:
        """Write the event's outcome, and end its entry in the retry topic."""
        messages = [self._outcome(origin, ended)]
        if parked:
            retry = self.topics.retry(self.destination).name
            messages.append(
                Message(retry, origin.retry_key, None, [], origin.partition)
            )
        await self._durable(messages)
        self.metrics.ended(ended.event_type, ended.outcome, _age(origin))

    async def bury(self, origin: Origin, ended: Ended, *, parked: bool) -> None:
        """Write a dead letter (the original bytes), then settle the event."""
        headers = origin.kept_headers() | {
            h.DEAD_CLASS: ended.dead_class,
            h.REASON: ended.reason,
            h.ATTEMPT: ended.attempt.number if ended.attempt else 0,
        }
        topic = self.topics.dead(self.destination).name
        letter = Message(
            topic, origin.key, origin.value, h.encode(headers), origin.partition
        )
        await self._durable([letter])
        await self.settle(origin, ended, parked=parked)

    async def park(self, origin: Origin, entry: dict[str, str | int | None]) -> None:
        """Write the event into the retry topic with the headers of *entry*."""
        topic = self.topics.retry(self.destination).name
        headers = h.encode(origin.kept_headers() | entry)
        await self._durable(
            [Message(topic, origin.retry_key, origin.value, headers, origin.partition)]
        )

    async def _durable(self, messages: list[Message]) -> None:
        while True:
            try:
                for message in messages:
                    await self.publisher.publish(message)
            except PublishFailed as error:
                log.warning("ledger.write_failed", reason=error.reason)
                if self.publisher.fatal is not None:
                    raise
                await asyncio.sleep(AGAIN_SECONDS)
            else:
                return

    def _outcome(self, origin: Origin, ended: Ended) -> Message:
        attempt = ended.attempt
        settled = attempt.verdict if attempt else None
        done = settled if isinstance(settled, Settled) else None
        value = {
            "format": FORMAT,
            "event_id": self.references.event(ended.event_id),
            "event_type": ended.event_type,
            "outcome": ended.outcome,
            "action": done.action if done else None,
            "record_id": done.record_id if done else None,
            "fields": done.fields if done else (),
            "class": ended.dead_class,
            "reason": ended.reason,
            "attempts": attempt.number if attempt else 0,
            "calls": attempt.calls if attempt else 0,
            "statuses": attempt.statuses if attempt else (),
            "duration_ms": round(attempt.seconds * 1000) if attempt else 0,
            "source": [origin.topic, origin.partition, origin.offset],
            "ended_at": h.instant(time.time()),
        }
        key = self.references.user(origin.key.decode(errors="replace")).encode()
        topic = self.topics.outcomes(self.destination).name
        return Message(topic, key, msgspec.json.encode(value), [], origin.partition)


def _age(origin: Origin) -> float | None:
    try:
        return time.time() - h.epoch_seconds(origin.headers[h.RECEIVED_AT])
    except (KeyError, ValueError):
        return None
