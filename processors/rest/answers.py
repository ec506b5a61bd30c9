"""What a destination's answer means: classified once, here."""

from __future__ import annotations

import email.utils
import json
import math
import time
from datetime import UTC
from http import HTTPStatus
from typing import Any

from processors.correlation.calls import (
    Answer,
    Call,
    Conflict,
    Create,
    Done,
    Fetch,
    Fetched,
    Find,
    Found,
    Gone,
    Hit,
)
from processors.correlation.rules import Lookup
from processors.delivery.verdict import Rejected, RetryLater, Unavailable
from processors.rest.connection import Requests

RETRY_AFTER_SECONDS_MAX = 3600.0
_GONE = (404, 410)
# 403 may be refused credentials or a record that is not ours: the event's own, so far.
# 408, 409, 423, 425: the destination asks for another try.
_RETRIED = (403, 408, 409, 423, 425)


def classify(
    call: Call, status: int, headers: dict[str, str], body: bytes, reader: Reader
) -> Answer | RetryLater | Rejected | Unavailable:
    """Return what the answer means for *call*; header names are in lower case."""
    if 200 <= status < 300:  # noqa: PLR2004 -- the class of success
        return reader.read(call, body)
    if status in _GONE and not isinstance(call, Find | Create):
        return Gone()
    if status in _GONE and isinstance(call, Find):
        return Found(())
    if status == HTTPStatus.CONFLICT and isinstance(call, Create):
        return Conflict()
    named = retry_after_seconds(headers.get("retry-after"), time.time())
    return _fault(status, named)


def _fault(
    status: int, named_seconds: float | None
) -> RetryLater | Rejected | Unavailable:
    reason = f"HTTP {status}"
    if status == HTTPStatus.UNAUTHORIZED:
        return Unavailable("auth", reason)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Unavailable("limited", reason, named_seconds)
    if status in _RETRIED or status >= 500:  # noqa: PLR2004 -- the class of its faults
        return RetryLater(reason, 0.0 if named_seconds is None else named_seconds)
    if status < 400:  # noqa: PLR2004 -- redirects are never followed
        return RetryLater(f"{reason}: redirects are not followed")
    return Rejected("rejected", reason)


def retry_after_seconds(value: str | None, now: float) -> float | None:
    """Return the wait that Retry-After names, in seconds or as a date; None if none.

    Never negative, never more than an hour (RFC 9110, section 10.2.3).

    >>> retry_after_seconds("1.5", 0.0)
    1.5
    >>> retry_after_seconds("Thu, 01 Jan 1970 00:01:00 GMT", 10.0)
    50.0
    """
    if value is None:
        return None
    try:
        wait = float(value)
    except ValueError:
        try:
            named = email.utils.parsedate_to_datetime(value)
            wait = named.replace(tzinfo=named.tzinfo or UTC).timestamp() - now
        except (ValueError, OverflowError):
            return None
    if math.isnan(wait):
        return None
    return min(max(wait, 0.0), RETRY_AFTER_SECONDS_MAX)


class Reader:
    """Reads ids out of answers; what a destination says is data from outside."""

    def __init__(self, requests: Requests, lookup: Lookup) -> None:
        self._requests = requests
        self._lookup = lookup

    def read(self, call: Call, body: bytes) -> Answer | RetryLater:
        """Return what a successful answer to *call* says."""
        match call:
            case Find():
                return self._found(_json(body), call)
            case Fetch():
                record = _json(body)
                if not isinstance(record, dict):
                    return RetryLater("bad answer: no record")
                return Fetched(record)
            case Create():
                record_id = self._id(_at(_json(body), self._requests.create.id))
                if record_id is None:
                    return RetryLater("bad answer: no id of the new record")
                return Done(record_id)
            case _:
                return Done(call.record_id)

    def _found(self, records: Any, call: Find) -> Found | RetryLater:
        if not isinstance(records, list):
            return RetryLater("bad answer: no list of records")
        hits = []
        for record in records:
            if not self._is_meant(record, call):
                continue
            record_id = self._id(_at(record, self._requests.find.id))
            if record_id is None:
                return RetryLater("bad answer: a record's id does not match id_pattern")
            hits.append(Hit(record_id, self._user_id(record)))
        return Found(tuple(hits))

    def _is_meant(self, record: Any, call: Find) -> bool:
        """Whether the whole key is the one asked for: servers match parts of it."""
        if call.by == "user_id":
            return self._user_id(record) == call.value
        email = str(_at(record, self._requests.find.email))
        return email.casefold() == call.value.casefold()

    def _user_id(self, record: Any) -> str | None:
        path = self._requests.find.user_id or self._lookup.user_id_field
        held = None if path is None else _at(record, path)
        return held if isinstance(held, str) else None

    def _id(self, value: Any) -> str | None:
        if isinstance(value, bool) or not isinstance(value, str | int):
            return None
        text = str(value)
        return text if self._lookup.is_id(text) else None


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _at(value: Any, path: str) -> Any:
    for step in path.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return value
