"""Writes what became of each event, to compare with what a topic holds."""

import hashlib
from typing import IO

import msgspec

from sandbox.auth0.delivery import Delivery
from sandbox.auth0.rfc3339 import rfc3339


def line_of(delivery: Delivery) -> bytes:
    """Return one line of JSON: ids, SHA-256 of the body, attempts; never the body."""
    event = delivery.event
    told = {
        "event_id": event.id,
        "user_id": event.user_id,
        "sha256": hashlib.sha256(event.body).hexdigest(),
        "attempts": [
            {
                "at": rfc3339(attempt.at),
                "status": attempt.status,
                "error": attempt.error,
                "ms": round(1000 * attempt.seconds, 3),
            }
            for attempt in delivery.attempts
        ],
        "status": delivery.status,
        "delivered": delivery.delivered,
    }
    return msgspec.json.encode(told) + b"\n"


class Record:
    """An NDJSON file with one line per event, in the order in which they ended.

    An event that was sent twice (a duplicate) has a line for each time.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def write(self, delivery: Delivery) -> None:
        """Append one line; it is in the file once this returns."""
        self._file.write(line_of(delivery))
        self._file.flush()
