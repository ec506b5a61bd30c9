"""Names of the Kafka headers that Keepstep writes; values are UTF-8 text.

Whatever reads a message must do without any of them: console tools drop headers.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

EVENT_ID = "event-id"
EVENT_TYPE = "event-type"
EVENT_TIME = "event-time"
RECEIVED_AT = "received-at"
TRACEPARENT = "traceparent"

# Of parked events (retry topic) and dead letters.
ATTEMPT = "attempt"
NOT_BEFORE = "not-before"
FIRST_FAILED_AT = "first-failed-at"
REASON = "reason"
STATE = "state"
DEAD_CLASS = "class"
SOURCE_TOPIC = "source-topic"
SOURCE_PARTITION = "source-partition"
SOURCE_OFFSET = "source-offset"
SOURCE_TIMESTAMP = "source-timestamp"

BATCH = "batch"  # of every record that a transaction brings into a destination's topics

OF_ENTRIES = (
    BATCH,
    ATTEMPT,
    NOT_BEFORE,
    STATE,
    FIRST_FAILED_AT,
    REASON,
    SOURCE_TOPIC,
    SOURCE_PARTITION,
    SOURCE_OFFSET,
    SOURCE_TIMESTAMP,
)

Headers = list[tuple[str, str | bytes | None]]


def encode(values: Mapping[str, str | int | None]) -> Headers:
    """Return *values* as Kafka headers, leaving out those that are None."""
    return [(name, str(v).encode()) for name, v in values.items() if v is not None]


def decode(headers: object) -> dict[str, str]:
    """Return the last value of each header; bytes that are no UTF-8 are replaced.

    Takes what `confluent_kafka` and Faust give: a list of pairs, or None.
    """
    pairs = headers if isinstance(headers, list | tuple) else ()
    return {str(name): _text(value) for name, value in pairs}


def instant(epoch_seconds: float) -> str:
    """Return a time as headers hold it: ISO 8601 in UTC, to the millisecond.

    >>> instant(0.25)
    '1970-01-01T00:00:00.250+00:00'
    """
    moment = datetime.fromtimestamp(epoch_seconds, UTC)
    return moment.isoformat(timespec="milliseconds")


def epoch_seconds(text: str) -> float:
    """Return the time that `instant` wrote, or raise ValueError."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time without its zone")
    return moment.timestamp()


def _text(value: str | bytes | None) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else value or ""
