"""Turns a body into the Kafka messages that must be durable before it is answered.

An event, with control events for the other logins of a merged user beside it; or,
where it cannot be read or is not for us, one message for the quarantine.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime

import msgspec

from events import codec, headers
from events.codec import Peek, UnreadableEvent
from events.publisher import Message
from events.topics import Topics
from ingest import control

FOREIGN_SOURCE = "foreign_source"


class Intake(msgspec.Struct, frozen=True, gc=False):
    """What came in: messages to publish in this order, and how it is counted."""

    messages: tuple[Message, ...]
    type: str | None
    stored: bool


class Sorter:
    """Decides where a body goes; an empty *sources* accepts every source.

    *user_ref_secret* is the key of what stands for a user in the ids of control events.
    """

    def __init__(
        self, topics: Topics, sources: Collection[str], user_ref_secret: str
    ) -> None:
        self._events = topics.events.name
        self._quarantine = topics.quarantine.name
        self._sources = frozenset(sources)
        self._secret = user_ref_secret

    def sort(self, body: bytes, traceparent: bytes | None) -> Intake:
        """Return the messages for *body*; their value is the body, byte for byte."""
        try:
            event = codec.peek(body)
            others = event.other_identities()
        except UnreadableEvent as error:
            return self._kept_aside(body, error.reason, None)
        if self._sources and event.source not in self._sources:
            return self._kept_aside(body, FOREIGN_SOURCE, event.type)
        message = Message(
            self._events,
            event.key.encode(),
            body,
            _headers_of(event, traceparent),
        )
        if not others:
            return Intake((message,), event.type, stored=True)
        marks = control.messages(self._events, event, body, _now(), self._secret)
        return Intake((*marks, message), event.type, stored=True)

    def _kept_aside(self, body: bytes, reason: str, kind: str | None) -> Intake:
        named = headers.encode({headers.REASON: reason, headers.RECEIVED_AT: _now()})
        message = Message(self._quarantine, None, body, named)
        return Intake((message,), kind, stored=False)


def _headers_of(event: Peek, traceparent: bytes | None) -> headers.Headers:
    named = headers.encode(
        {
            headers.EVENT_ID: event.id,
            headers.EVENT_TYPE: event.type,
            headers.EVENT_TIME: event.time,
            headers.RECEIVED_AT: _now(),
        }
    )
    trace = traceparent or (event.traceparent and event.traceparent.encode())
    if trace and len(trace) <= codec.HEADER_CHARACTERS_MAX:
        named.append((headers.TRACEPARENT, trace))
    return named


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
