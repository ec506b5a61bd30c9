"""The steps of the story: what is sent, and how each must end."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

_PAYLOADS = files("sandbox") / "payloads"
_ANN = {"user_id": "auth0|xxxxxxxxxxxx", "email": "user@example.com"}
_JANE = {"user_id": "auth0|123", "email": "jane@example.com"}
_ADMIN = {"user_id": "auth0|admin123", "email": "admin@example.com"}


@dataclass(frozen=True)
class Step:
    """One POST to the webhook; `ends` is what its row must show for the CRM.

    `billing` is the same for the billing system; without it, as for the CRM.
    """

    title: str
    body: bytes
    ends: str
    billing: str | None = None
    failures: int = 0  # calls that the CRM answers with 503 from now on

    def ends_at(self, destination: str) -> str:
        """Return what the step's row must show for *destination*."""
        if destination == "billing" and self.billing is not None:
            return self.billing
        return self.ends

    @property
    def event_id(self) -> str | None:
        """The event's id, or None where the body is no event."""
        try:
            return str(json.loads(self.body)["id"])
        except ValueError:
            return None


def steps() -> list[Step]:
    """Return the story; every body is a published payload, some with a user put in.

    Ends with one contact that was deactivated, one that waited for a CRM in trouble.
    """
    created = "docs_2025_user_created_generic.json"
    updated = "docs_2025_user_updated.json"
    partial = "docs_events_api_partial_user_created.json"
    deleted = "catalog_0.7.2_user_deleted.json"
    changed = _with(updated, "evt_story_changed", _ANN)
    return [
        Step("a user signs up", _published(created), "created"),
        Step("and changes name and phone", changed, "updated"),
        Step("the same event once more", changed, "duplicate"),
        Step(
            "part of a profile: a new phone",
            _partial(partial, "evt_story_phone", {**_ANN, "phone_number": "+15550100"}),
            "updated",
        ),
        Step("Auth0's test event", _published("event_test_user_created.json"), "test"),
        Step(
            "an organization is made",
            _published("docs_2025_organization_created.json"),
            "unhandled",
        ),
        Step(
            "a change of somebody the CRM does not know",
            _with(updated, "evt_story_unknown", _ADMIN),
            "waits: unmatched",
            billing="created",
        ),
        Step(
            "the CRM fails twice",
            _published(partial),
            "created (attempt 3)",
            billing="created",
            failures=2,
        ),
        Step(
            "a body that is no JSON",
            _published("docs_2025_organization_member_added.invalid.txt"),
            "quarantine: not_json",
        ),
        Step(
            "the first user is deleted",
            _with(deleted, "evt_story_deleted", _ANN, time="2025-06-01T12:00:01Z"),
            "deactivated",
        ),
    ]


def contacts() -> list[dict[str, Any]]:
    """Return what the CRM must hold in the end, by email."""
    return [
        {
            "email": _JANE["email"],
            "auth0_user_id": _JANE["user_id"],
            "status": "active",
        },
        {
            "email": _ANN["email"],
            "auth0_user_id": _ANN["user_id"],
            "name": "John Doe",
            "phone": "+15550100",
            "status": "deactivated",
        },
    ]


def customers() -> list[dict[str, Any]]:
    """Return what the billing system must hold in the end, by email."""
    return [
        {"email": _JANE["email"], "metadata": {"auth0_user_id": _JANE["user_id"]}},
        {"email": _ADMIN["email"], "metadata": {"auth0_user_id": _ADMIN["user_id"]}},
        {
            "email": _ANN["email"],
            "name": "John Doe",
            "phone": "+15550100",
            "metadata": {
                "auth0_user_id": _ANN["user_id"],
                "auth0_status": "deactivated",
            },
        },
    ]


def _published(name: str) -> bytes:
    return (_PAYLOADS / name).read_bytes()


def _with(name: str, event_id: str, profile: dict[str, str], **rest: str) -> bytes:
    event = json.loads(_published(name)) | rest
    event["id"] = event_id
    event["data"]["object"] |= profile
    event["data"]["object"]["identities"] = []  # they name the payload's own user
    return json.dumps(event).encode()


def _partial(name: str, event_id: str, profile: dict[str, str]) -> bytes:
    event = json.loads(_published(name)) | {"id": event_id, "type": "user.updated"}
    event["data"]["object"] = profile
    return json.dumps(event).encode()
