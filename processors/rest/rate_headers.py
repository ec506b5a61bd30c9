"""Reads the headers that say how many calls are left, and until when."""

from __future__ import annotations

import email.utils
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Literal

from pydantic import Field

from processors.correlation.rules import Table

HOUR_SECONDS = 3600.0  # where nothing is left and no header says until when
Unit = Literal["guess", "seconds", "milliseconds", "window_milliseconds"]

# A number this large is no wait: seconds of the epoch since 2001, or milliseconds.
_EPOCH_SECONDS, _EPOCH_MILLISECONDS = 1e9, 1e11
# What is left, and when it is refilled, in one header: the IETF's drafts (`r=0;t=5`,
# `remaining=0, reset=5`) and Zendesk's (`remaining=0; resets=5`).
_TOGETHER = ("ratelimit", "zendesk-ratelimit-endpoint")
_LEFT = re.compile(r"\b(?:r|remaining)\s*=\s*(\d+)")
_RESET = re.compile(r"\b(?:t|resets?)\s*=\s*(\d+(?:\.\d+)?)")
_USAGE = "sforce-limit-info"
USED = re.compile(r"api-usage=(\d+)/(\d+)")  # Salesforce: of 24 hours


class RateHeaders(Table):
    """Two headers that say what is left of a window, and when it is refilled."""

    remaining: str = Field(
        description="name of the header with the calls that are left"
    )
    reset: str | None = Field(
        None, description="name of the one with the time; without it, in an hour"
    )
    reset_in: Unit = Field(
        "guess",
        description="seconds or milliseconds from now; window_milliseconds: the "
        "window's length, no time; guess: by its size seconds from now, seconds or "
        "milliseconds of the epoch, or an ISO time",
    )


USUAL = (
    RateHeaders(remaining="x-ratelimit-remaining", reset="x-ratelimit-reset"),
    RateHeaders(remaining="ratelimit-remaining", reset="ratelimit-reset"),
    RateHeaders(remaining="x-rate-limit-remaining", reset="x-rate-limit-reset"),
    RateHeaders(remaining="x-rate-limit-remaining", reset="ratelimit-reset"),
    RateHeaders(
        remaining="x-hubspot-ratelimit-remaining",
        reset="x-hubspot-ratelimit-interval-milliseconds",
        reset_in="window_milliseconds",
    ),
    RateHeaders(remaining="x-hubspot-ratelimit-daily-remaining"),
)
# Without one of these no usual dialect says what is left.
NAMES = frozenset((*_TOGETHER, _USAGE, *(usual.remaining for usual in USUAL)))


def used_up(
    headers: Mapping[str, str], now: float, more: Sequence[RateHeaders] = ()
) -> list[float]:
    """Return the waits, in seconds, of every window of which nothing is left.

    Names in *headers* are in lower case, *now* is of the epoch.
    """
    waits = [*_apart(headers, now, (*more, *USUAL)), *_together(headers)]
    usage = USED.search(headers.get(_USAGE, ""))
    if usage is not None and int(usage[1]) >= int(usage[2]):
        waits.append(HOUR_SECONDS)
    return waits


def refilled(
    headers: Mapping[str, str], now: float, more: Sequence[RateHeaders] = ()
) -> Iterator[float]:
    """Yield the waits until a refill, where no header says what is left."""
    for dialect in (*more, *USUAL):
        wait = _reset(headers, now, dialect)
        if wait is not None and dialect.remaining.lower() not in headers:
            yield wait


def _apart(
    headers: Mapping[str, str], now: float, dialects: Sequence[RateHeaders]
) -> Iterator[float]:
    for dialect in dialects:
        if number(headers.get(dialect.remaining.lower())) == 0:
            if dialect.reset is None:
                yield HOUR_SECONDS
            wait = _reset(headers, now, dialect)
            if wait is not None:
                yield wait


def _reset(
    headers: Mapping[str, str], now: float, dialect: RateHeaders
) -> float | None:
    value = None if dialect.reset is None else headers.get(dialect.reset.lower())
    told = number(value)
    if told is None:
        return None if value is None else _iso(value, now)
    match dialect.reset_in:
        case "seconds":
            return told
        case "milliseconds" | "window_milliseconds":
            return told / 1000
    if told >= _EPOCH_MILLISECONDS:
        return told / 1000 - now
    return told - now if told >= _EPOCH_SECONDS else told


def _together(headers: Mapping[str, str]) -> Iterator[float]:
    for name in _TOGETHER:
        for policy in re.split(r",(?=\s*\")", headers.get(name, "")):
            left, reset = _LEFT.search(policy), _RESET.search(policy)
            if left is not None and reset is not None and int(left[1]) == 0:
                yield float(reset[1])


def number(value: str | None) -> float | None:
    """Return *value* as a number, None where it is none."""
    if value is None:
        return None
    with suppress(ValueError):
        found = float(value)
        return None if math.isnan(found) else found
    return None


def date(value: str | None) -> float | None:
    """Return the HTTP date *value* in seconds of the epoch, None where it is none."""
    if value is None:
        return None
    with suppress(ValueError, OverflowError):
        moment = email.utils.parsedate_to_datetime(value)
        return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
    return None


def _iso(value: str, now: float) -> float | None:
    with suppress(ValueError, OverflowError):
        moment = datetime.fromisoformat(value)
        return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() - now
    moment_seconds = date(value)
    return None if moment_seconds is None else moment_seconds - now
