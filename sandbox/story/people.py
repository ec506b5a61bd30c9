"""Who the story is about, and published payloads with one of them put in."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

Profile = dict[str, Any]
ANN = {"user_id": "auth0|xxxxxxxxxxxx", "email": "user@example.com"}
ANN_MOVED = {**ANN, "email": "ann@example.com"}
JANE = {"user_id": "auth0|123", "email": "jane@example.com"}
ADMIN = {"user_id": "auth0|admin123", "email": "admin@example.com"}
MARY = {"user_id": "auth0|456", "email": "mary@example.com"}
MARYS_OTHER = {"user_id": "google-oauth2|789", "email": "mary.smith@example.com"}
_PAYLOADS = files("sandbox") / "payloads"


def published(name: str) -> bytes:
    """Return a payload byte for byte as Auth0 has published it."""
    return (_PAYLOADS / name).read_bytes()


def about(name: str, event_id: str, profile: Profile, **rest: str) -> bytes:
    """Return a published payload as an event of its own, about another user.

    Of the user only *profile* is changed; *rest* are parts of the envelope.
    """
    event = json.loads(published(name)) | rest
    event["id"] = event_id
    for part in ("object", "previous_object"):
        if part in event["data"]:
            # The identities of the payload name the payload's own user.
            event["data"][part] |= {"identities": []} | profile
    return json.dumps(event).encode()


def partly(event_id: str, profile: Profile, **rest: str) -> bytes:
    """Return an event that carries nothing of its user but *profile*."""
    event = json.loads(published("docs_events_api_partial_user_created.json")) | rest
    event["id"] = event_id
    event["data"]["object"] = profile
    return json.dumps(event).encode()


def identities(*profiles: Profile) -> list[dict[str, str]]:
    """Return how Auth0 lists the logins of one person."""
    parted = [profile["user_id"].split("|", 1) for profile in profiles]
    return [{"provider": provider, "user_id": own} for provider, own in parted]
