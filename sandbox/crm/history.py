"""What the CRM remembers of its effects and of the calls it got."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

TOLD_HEADERS = frozenset({"idempotency-key", "if-match", "traceparent"})


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A request that is about to have an effect."""

    time: str
    method: str
    sent: dict[str, Any]
    headers: dict[str, str]


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """One change of one contact, in the order in which the CRM made them.

    `sent` is the body as it came, `changes` names each field whose value changed with
    its value before and after (None where it was or is absent).
    """

    sequence: int
    time: str
    method: str
    contact_id: str
    sent: dict[str, Any]
    changes: dict[str, dict[str, Any]]
    headers: dict[str, str]


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """One call to /contacts, with or without an effect; `status` None: no answer."""

    sequence: int
    time: str
    method: str
    path: str
    query: dict[str, str]
    status: int | None
    fault: str | None
    duration_seconds: float


def now_text() -> str:
    """Return the time in UTC, RFC 3339, with microseconds."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def told_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers worth telling, names in lower case; never a credential."""
    return {
        name: value
        for name, value in ((name.lower(), value) for name, value in headers.items())
        if name in TOLD_HEADERS or name.startswith("x-")
    }
