"""How long an answer asks to wait before the next call, in the dialects of vendors."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from processors.rest.rate_headers import (
    NAMES,
    RateHeaders,
    date,
    number,
    refilled,
    used_up,
)

WAIT_SECONDS_MAX = 3600.0
BODY_BYTES = 4096  # of a refusal; what it says about time is said at its beginning
_WORDS = re.compile(
    r"\b(?:in|after|for|wait)\s+(\d+(?:\.\d+)?)\s*(ms|milliseconds?|s|secs?|seconds?|"
    r"m|mins?|minutes?)\b",
    re.IGNORECASE,
)


def used_up_seconds(
    headers: Mapping[str, str], now: float, more: Sequence[RateHeaders] = ()
) -> float | None:
    """Return how long nothing is left, as any answer may say; None: there is some.

    Names in *headers* are in lower case, *now* is of the epoch; the destination's own
    `Date` is believed before it. Never negative, never more than an hour.

    >>> used_up_seconds({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "7"}, 0.0)
    7.0
    """
    if not more and NAMES.isdisjoint(headers):
        return None  # as in most answers
    return max(map(_bounded, used_up(headers, _now(headers, now), more)), default=None)


def refused_seconds(
    headers: Mapping[str, str],
    body: bytes,
    now: float,
    more: Sequence[RateHeaders] = (),
) -> float | None:
    """Return the wait that a refusal names; None where it names none.

    `Retry-After` (RFC 9110, section 10.2.3) goes before headers that say what is left,
    and those before words of the body. Bounds and *now* as for `used_up_seconds`.

    >>> refused_seconds({"retry-after": "1.5"}, b"", 0.0)
    1.5
    >>> refused_seconds({"retry-after": "Thu, 01 Jan 1970 00:01:00 GMT"}, b"", 10.0)
    50.0
    """
    now = _now(headers, now)
    told = _retry_after(headers, now)
    if told is None:
        told = max(used_up(headers, now, more), default=None)
    if told is None:
        told = next(refilled(headers, now, more), None)
    if told is None:
        told = _words(body)
    return None if told is None else _bounded(told)


def _now(headers: Mapping[str, str], now: float) -> float:
    told = date(headers.get("date"))
    return now if told is None else told


def _retry_after(headers: Mapping[str, str], now: float) -> float | None:
    milliseconds = number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    value = headers.get("retry-after")
    seconds = number(value)
    if seconds is not None or value is None:
        return seconds
    moment = date(value)
    return None if moment is None else moment - now


def _words(body: bytes) -> float | None:
    found = _WORDS.search(body[:BODY_BYTES].decode(errors="replace"))
    if found is None:
        return None
    unit = found[2].lower()
    if unit.startswith(("ms", "milli")):
        return float(found[1]) / 1000
    return float(found[1]) * (60 if unit.startswith("m") else 1)


def _bounded(wait: float) -> float:
    return min(max(wait, 0.0), WAIT_SECONDS_MAX)
