"""Events about the users of a test, each newer than the one before."""

from __future__ import annotations

from itertools import count
from typing import Any
from uuid import uuid4

_MOMENTS = count(1)


def user_event(user: str, kind: str, **profile: Any) -> dict[str, Any]:
    """Return an event of the type `user.<kind>`; *email* is None for no address."""
    profile = {"user_id": f"auth0|{user}", "email": f"{user}@example.com", **profile}
    if profile["email"] is None:
        del profile["email"]
    return {
        "id": f"evt_{uuid4().hex[:22]}",
        "type": f"user.{kind}",
        "time": f"2026-01-01T00:00:00.{next(_MOMENTS):09}Z",
        "data": {"object": profile},
    }
