"""Writes the records of an operation as messages, all in the event's own partition."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from events import headers as h
from events.codec import UnreadableEvent, peek
from events.publisher import Message
from events.topics import Topics
from processors.delivery import link as links
from processors.delivery.records import (
    Letter,
    Meta,
    Outcome,
    Park,
    PutLink,
    PutMeta,
    PutOwner,
    Record,
    Republish,
    Unpark,
)
from processors.ledger import keys
from processors.ledger.origin import Origin
from processors.ledger.placing import Placing
from processors.refs import References

FORMAT = 1
_json = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class Effort:
    """What an attempt took, for the outcome record; `ended_at` is monotonic."""

    calls: int = 0
    statuses: tuple[int | None, ...] = ()
    seconds: float = 0.0
    ended_at: float = 0.0


class Encoder:
    """Encodes the records of one destination; `worker` names this process."""

    def __init__(
        self, topics: Topics, destination: str, references: References, worker: str
    ) -> None:
        self._placing = Placing(topics.events.name, topics.partitions)
        self._links = topics.links(destination).name
        self._retry = topics.retry(destination).name
        self._dead = topics.dead(destination).name
        self._outcomes = topics.outcomes(destination).name
        self._references = references
        self._worker = worker

    @property
    def retry_topic(self) -> str:
        """Name of the topic whose offsets are counted."""
        return self._retry

    def encode(self, partition: int, records: Iterable[Record]) -> list[Message]:
        """Return the messages of *records*, in their order."""
        return [self._message(partition, record) for record in records]

    def _message(self, partition: int, record: Record) -> Message:
        match record:
            case PutLink(user=user, link=link):
                key, raw = keys.link_key(user), links.encode(link)
                return Message(self._links, key, raw, [], partition)
            case PutMeta() | PutOwner():
                return self._control(partition, record)
            case Park() | Unpark():
                return self._entry(partition, record)
            case Letter():
                return self._letter(partition, record)
            case Outcome():
                return self._outcome(partition, record)
            case Republish(event=event):
                return self._republish(event.body)

    def _control(self, partition: int, record: PutMeta | PutOwner) -> Message:
        if isinstance(record, PutMeta):
            key, value = keys.META, _meta(record.meta)
        else:
            now = h.instant(time.time())
            key = keys.OWNER
            value = {"format": FORMAT, "worker": self._worker, "at": now}
        return Message(self._links, key, _json.encode(value), [], partition)

    def _entry(self, partition: int, record: Park | Unpark) -> Message:
        event = record.event
        if isinstance(record, Unpark):
            return Message(self._retry, event.retry_key, None, [], partition)
        origin: Origin = event.body
        entry = record.entry
        headers = origin.kept_headers() | {
            h.EVENT_TYPE: event.event_type or None,
            h.ATTEMPT: entry.attempts,
            h.STATE: entry.state,
            h.NOT_BEFORE: None if entry.due_at is None else h.instant(entry.due_at),
            h.FIRST_FAILED_AT: h.instant(entry.first_failed_at or time.time()),
            h.REASON: entry.reason,
        }
        return Message(
            self._retry, event.retry_key, origin.value, h.encode(headers), partition
        )

    def _letter(self, partition: int, record: Letter) -> Message:
        origin: Origin = record.event.body
        headers = origin.kept_headers() | {
            h.DEAD_CLASS: record.dead_class,
            h.REASON: record.reason,
            h.ATTEMPT: record.attempts,
        }
        return Message(
            self._dead, origin.key, origin.value, h.encode(headers), partition
        )

    def _republish(self, origin: Origin) -> Message:
        assert origin.value is not None  # noqa: S101 -- a tombstone has no key to go by
        key = peek(origin.value).key.encode()
        headers = h.encode(dict(origin.headers))
        place = self._placing.of(key)
        return Message(self._placing.topic, key, origin.value, headers, place)

    def _outcome(self, partition: int, record: Outcome) -> Message:
        event, end = record.event, record.end
        origin: Origin = event.body
        effort = record.effort if isinstance(record.effort, Effort) else Effort()
        value = {
            "format": FORMAT,
            "event_id": self._references.event(event_id(origin)),
            "event_type": event.event_type,
            "outcome": end.outcome,
            "action": end.action,
            "record_id": end.record_id,
            "fields": end.fields,
            "class": end.dead_class,
            "reason": end.reason,
            "attempts": record.attempts,
            "calls": effort.calls,
            "statuses": effort.statuses,
            "duration_ms": round(effort.seconds * 1000),
            "source": [origin.topic, origin.partition, origin.offset],
            "ended_at": h.instant(time.time()),
        }
        if record.replay:
            value["replay"] = True
        user = (origin.key or b"").decode(errors="replace")
        key = self._references.user(user).encode()
        return Message(self._outcomes, key, _json.encode(value), [], partition)


def event_id(origin: Origin) -> str:
    """Return the event's id, "" where none can be read."""
    try:
        return origin.headers.get(h.EVENT_ID) or peek(origin.value or b"").id or ""
    except UnreadableEvent:
        return ""


def _meta(meta: Meta) -> dict[str, object]:
    paused = {"at": meta.since, "reason": meta.reason} if meta.paused else None
    return {
        "format": FORMAT,
        "topic": meta.topic_id,
        "start": meta.start,
        "commands": meta.commands,
        "paused": paused,
        "deactivations": meta.deactivations,
        "calls": meta.calls,
        "calls_bucket_seconds": meta.calls_bucket_seconds,
    }
