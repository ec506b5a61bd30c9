"""What a destination's answer means: classified once, here."""

from __future__ import annotations

import time
from collections.abc import Sequence
from http import HTTPStatus
from typing import Literal

from processors.correlation.calls import (
    Answer,
    Call,
    Conflict,
    Create,
    Find,
    Found,
    Gone,
)
from processors.delivery.verdict import Rejected, RetryLater, Unavailable
from processors.rest.errors import Errors
from processors.rest.rate_headers import RateHeaders
from processors.rest.reading import Heard, Page, Reader
from processors.rest.slow_down import refused_seconds, used_up_seconds

_GONE = (404, 410)
# 403 may be refused credentials or a record that is not ours: the event's own, so far.
# 408, 409, 423, 425: the destination asks for another try.
_RETRIED = (403, 408, 409, 423, 425)

Meaning = Answer | RetryLater | Rejected | Unavailable


class Classifier:
    """Says what answers mean: by the file's `[errors]`, else by HTTP's own words."""

    def __init__(
        self, reader: Reader, errors: Errors, dialects: Sequence[RateHeaders] = ()
    ) -> None:
        """Take *dialects* of rate headers besides the usual ones."""
        self._reader = reader
        self._errors = errors
        self._dialects = dialects

    def used_up_seconds(self, heard: Heard) -> float | None:
        """Return how long no more call may come, as the headers of any answer tell."""
        return used_up_seconds(heard.headers, time.time(), self._dialects)

    def meaning(self, call: Call, heard: Heard) -> Meaning | Page:
        """Return what *heard* means for *call*; of a look-up it may be one page."""
        told = self._errors.meaning(heard.status, heard.body)
        if told is None:
            return self._usual(call, heard)
        if told == "ok":
            return self._reader.read(call, heard, told_ok=True)
        return self._told(told, call, heard)

    def _usual(self, call: Call, heard: Heard) -> Meaning | Page:
        status = heard.status
        if 200 <= status < 300:  # noqa: PLR2004 -- the class of success
            return self._reader.read(call, heard)
        if status in _GONE and not isinstance(call, Create):
            return _absent(call, status)
        if status == HTTPStatus.CONFLICT and isinstance(call, Create):
            return Conflict()
        if status == HTTPStatus.TOO_MANY_REQUESTS or self._is_limit(heard):
            return Unavailable("limited", f"HTTP {status}", self._named(heard))
        return _fault(status, self._named(heard._replace(body=b"")))

    def _is_limit(self, heard: Heard) -> bool:
        """Whether a 403 says that nothing is left, as GitHub's does."""
        forbidden = heard.status == HTTPStatus.FORBIDDEN
        return forbidden and self.used_up_seconds(heard) is not None

    def _told(
        self,
        told: Literal["retry", "limited", "auth", "permanent", "conflict", "gone"],
        call: Call,
        heard: Heard,
    ) -> Meaning:
        reason = f"HTTP {heard.status}"
        match told:
            case "gone":
                return _absent(call, heard.status)
            case "conflict" if isinstance(call, Create):
                return Conflict()
            case "limited":
                return Unavailable("limited", reason, self._named(heard))
            case "auth":
                return Unavailable("auth", reason)
            case "permanent":
                return Rejected("rejected", reason)
            case _:  # of another call than a creation, a conflict may be over by then
                named = self._named(heard._replace(body=b""))
                return RetryLater(reason, named or 0.0)

    def _named(self, heard: Heard) -> float | None:
        return refused_seconds(heard.headers, heard.body, time.time(), self._dialects)


def _absent(call: Call, status: int) -> Meaning:
    if isinstance(call, Find):
        return Found(())
    if isinstance(call, Create):
        return Rejected("rejected", f"HTTP {status}")
    return Gone()


def _fault(
    status: int, named_seconds: float | None
) -> RetryLater | Rejected | Unavailable:
    reason = f"HTTP {status}"
    if status == HTTPStatus.UNAUTHORIZED:
        return Unavailable("auth", reason)
    if status in _RETRIED or status >= 500:  # noqa: PLR2004 -- the class of its faults
        return RetryLater(reason, 0.0 if named_seconds is None else named_seconds)
    if status < 400:  # noqa: PLR2004 -- redirects are never followed
        return RetryLater(f"{reason}: redirects are not followed")
    return Rejected("rejected", reason)
