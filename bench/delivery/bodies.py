"""The events: changes of made-up users who all have a contact in the CRM.

The contact's id stands in the profile, so an event asks for one PATCH and no more.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

import msgspec

from events import headers as h
from sandbox.auth0.people import Person
from sandbox.auth0.rfc3339 import rfc3339

STARTED_AT = datetime(2026, 1, 1, tzinfo=UTC)


class Body(NamedTuple):
    """What ingest would publish for one event."""

    key: bytes
    value: bytes
    headers: h.Headers


def bodies(users: Sequence[int], first: int = 0) -> Iterator[Body]:
    """Yield an event for each of *users*; they are numbered on from *first*.

    The number is part of the phone number, so each event changes something and the CRM
    double knows which event a call is of. Times grow with it.
    """
    for number, user in enumerate(users, first):
        yield body(number, user, STARTED_AT + timedelta(milliseconds=10 * number))


@cache
def _profile(user: int) -> dict[str, Any]:
    profile = Person.born(user, random.Random(user), STARTED_AT).profile
    hint = {"plan": "pro", "crm_contact_id": f"c_{user}"}
    return profile | {"app_metadata": hint}


def body(number: int, user: int, at: datetime) -> Body:
    """Return the event *number*, which happened to *user* at the time *at*."""
    profile = _profile(user)
    event_id, time = f"evt_{number:022d}", rfc3339(at)
    changed = {"phone_number": f"+1555{number:08d}", "updated_at": time}
    value = {
        "specversion": "1.0",
        "type": "user.updated",
        "source": "urn:auth0:example-tenant.auth0.com",
        "id": event_id,
        "time": time,
        "data": {"object": profile | changed},
        "a0tenant": "example-tenant",
    }
    headers = {
        h.EVENT_ID: event_id,
        h.EVENT_TYPE: "user.updated",
        h.EVENT_TIME: time,
        h.RECEIVED_AT: time,
    }
    key = str(profile["user_id"]).encode()
    return Body(key, msgspec.json.encode(value), h.encode(headers))
