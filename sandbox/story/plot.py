"""The plot: every step of the story, and what the two systems hold in the end."""

from __future__ import annotations

from typing import Any

from sandbox.story.people import (
    ADMIN,
    ANN,
    ANN_MOVED,
    JANE,
    MARY,
    MARYS_OTHER,
    about,
    identities,
    partly,
    published,
)
from sandbox.story.step import Step

CREATED = "docs_2025_user_created_generic.json"
UPDATED = "docs_2025_user_updated.json"
DELETED = "catalog_0.7.2_user_deleted.json"
_PHONE = {"phone_number": "+15550100"}


def steps() -> list[Step]:
    """Return the story; every body is a published payload, some with a user put in."""
    return [*_one_user(), *_trouble(), *_two_logins(), *_comings_and_goings()]


def _one_user() -> list[Step]:
    changed = about(UPDATED, "evt_story_changed", ANN)
    phone = partly(
        "evt_story_phone",
        ANN | _PHONE,
        type="user.updated",
        time="2025-06-01T12:00:00Z",
    )
    login = about(
        UPDATED,
        "evt_story_login",
        ANN | _PHONE | {"logins_count": 43, "last_login": "2025-06-01T12:01:00Z"},
        time="2025-06-01T12:01:00Z",
    )
    moved = about(
        UPDATED, "evt_story_moved", ANN_MOVED | _PHONE, time="2025-06-01T12:02:00Z"
    )
    return [
        Step("a user signs up", published(CREATED), "created"),
        Step("and changes name and phone", changed, "updated"),
        Step("the same event once more", changed, "duplicate"),
        Step("part of a profile: a new phone", phone, "updated"),
        Step("a log-in costs no call", login, "unchanged", crm_calls=0),
        Step("a new email address costs one", moved, "updated", crm_calls=1),
    ]


def _trouble() -> list[Step]:
    unknown = about(UPDATED, "evt_story_unknown", ADMIN)
    return [
        Step("Auth0's test event", published("event_test_user_created.json"), "test"),
        Step(
            "an organization is made",
            published("docs_2025_organization_created.json"),
            "unhandled",
        ),
        Step(
            "the CRM fails twice",
            published("docs_events_api_partial_user_created.json"),
            "created (attempt 3)",
            billing="created",
            failures=2,
        ),
        Step(
            "a body that is no JSON",
            published("docs_2025_organization_member_added.invalid.txt"),
            "quarantine: not_json",
        ),
        Step(
            "a change of somebody the CRM does not know",
            unknown,
            "waits: unmatched",
            billing="created",
            next_when="seen",
        ),
    ]


def _two_logins() -> list[Step]:
    """Mary's change overtakes her sign-up; later she merges her other login."""
    early = partly(
        "evt_story_early",
        MARY | {"name": "Mary Smith"},
        type="user.updated",
        time="2025-06-01T12:03:01Z",
    )
    late = about(
        CREATED,
        "evt_story_late",
        MARY | {"name": MARY["email"], "phone_number": "+15550111"},
        time="2025-06-01T12:03:00Z",
    )
    other = partly("evt_story_other", MARYS_OTHER, time="2025-06-01T12:04:00Z")
    gone = about(
        DELETED, "evt_story_merged", MARYS_OTHER, time="2025-06-01T12:05:00.100Z"
    )
    both = {"identities": identities(MARY, MARYS_OTHER)}
    kept = partly(
        "evt_story_both", MARY | both, type="user.updated", time="2025-06-01T12:05:00Z"
    )
    return [
        Step("a change comes before its user", early, "created", next_when="seen"),
        Step("and the user after it", late, "created", billing="updated"),
        Step("the same person with another login", other, "created"),
        Step("which is merged into the first", gone, "merged", next_when="sent"),
        Step("and the first has both", kept, "unchanged", next_when="sent"),
    ]


def _comings_and_goings() -> list[Step]:
    jane = about(DELETED, "evt_story_jane_gone", JANE, time="2025-06-01T12:06:00Z")
    ann = about(DELETED, "evt_story_deleted", ANN_MOVED, time="2025-06-01T12:06:00Z")
    back = partly(
        "evt_story_jane_back", JANE | {"name": "Jane"}, time="2025-06-01T12:07:00Z"
    )
    return [
        Step("another user is deleted", jane, "deactivated", next_when="sent"),
        Step("the first user is deleted", ann, "deactivated"),
        Step("the other one comes back", back, "updated"),
    ]


def contacts() -> list[dict[str, Any]]:
    """Return what the CRM must hold in the end: these contacts and no other."""
    return [
        _contact(ANN_MOVED, name="John Doe", phone="+15550100", status="deactivated"),
        _contact(JANE, name="Jane", status="active"),
        _contact(MARY, name="Mary Smith", phone="+15550111", status="active"),
        _contact(MARYS_OTHER, status="active"),
    ]


def customers() -> list[dict[str, Any]]:
    """Return what the billing system must hold: these customers and no other."""
    return [
        _customer(ANN_MOVED, "deactivated", name="John Doe", phone="+15550100"),
        _customer(JANE, "active", name="Jane"),
        _customer(ADMIN, None, name="John Doe", phone="+15555555555"),
        _customer(MARY, None, name="Mary Smith", phone="+15550111"),
        _customer(MARYS_OTHER, None),
    ]


def _contact(profile: dict[str, str], **fields: str) -> dict[str, Any]:
    empty = dict.fromkeys(("name", "phone"))
    return {
        **empty,
        "auth0_user_id": profile["user_id"],
        "email": profile["email"],
        **fields,
    }


def _customer(
    profile: dict[str, str], status: str | None, **fields: str
) -> dict[str, Any]:
    told = {} if status is None else {"auth0_status": status}
    return {
        **dict.fromkeys(("name", "phone")),
        "email": profile["email"],
        "metadata": {"auth0_user_id": profile["user_id"], **told},
        **fields,
    }
