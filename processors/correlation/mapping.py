"""From an Auth0 profile to the fields of a record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from events.model import MISSING, Event


def mapped(event: Event, fields: Mapping[str, str]) -> dict[str, Any]:
    """Return the record's fields that *event* carries a value for.

    Absent, null and empty text are left out: the destination keeps what it has
    (Auth0's guide, "Partial data").
    """
    found = {target: event.at(path) for target, path in fields.items()}
    return {target: v for target, v in found.items() if v not in (MISSING, None, "")}
