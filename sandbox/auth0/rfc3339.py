"""Times as Auth0 writes them."""

from datetime import datetime


def rfc3339(moment: datetime) -> str:
    """Return *moment* (UTC) with as many fraction digits as its milliseconds need.

    Captured events print `.96Z` and `.443Z`, and no fraction at a full second: text
    of this form does not sort by time.

    >>> rfc3339(datetime(2026, 1, 2, 3, 4, 5, 960_000))
    '2026-01-02T03:04:05.96Z'
    """
    seconds = moment.strftime("%Y-%m-%dT%H:%M:%S")
    fraction = f".{moment.microsecond // 1000:03d}".rstrip("0").rstrip(".")
    return f"{seconds}{fraction}Z"
