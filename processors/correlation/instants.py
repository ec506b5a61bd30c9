"""Instants as text that compares as they do: UTC, always nine digits of a second."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

_RFC_3339 = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?"
    r"(?:[Zz]|([+-])(\d\d):?(\d\d))"
)


def instant(value: object) -> str:
    """Return an RFC 3339 time in the one form that compares as text, or "".

    Times have no fraction or up to nine digits of it (Auth0 sends 0, 3, 6 or 7, facts:
    auth0.md, section 2), and any zone.

    >>> instant("2025-06-01T14:00:00.5+02:00")
    '2025-06-01T12:00:00.500000000Z'
    >>> instant("yesterday")
    ''
    """
    found = _RFC_3339.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return ""
    date, clock, fraction, sign, hours, minutes = found.groups()
    text = f"{date}T{clock}"
    try:
        moment = datetime.fromisoformat(text)
        if sign:
            offset = timedelta(hours=int(hours), minutes=int(minutes))
            moment += offset if sign == "-" else -offset
            text = moment.isoformat()
    except (ValueError, OverflowError):
        return ""
    return f"{text}.{fraction or '0':0<9}Z"
