"""The wait that an answer asks for."""

from __future__ import annotations

import email.utils
import math
from datetime import UTC

RETRY_AFTER_SECONDS_MAX = 3600.0


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
