"""Every event that Auth0 has published in print: real process, real Kafka."""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from events.topics import Topics
from tests.support.ingest import running_ingest
from tests.support.posting import Poster
from tests.support.topics import read_topic

PAYLOADS = Path(__file__).parents[1] / "payloads" / "auth0"
OTHER_EVENTS = "catalog_0.7.2_other_events.json"
USER = "auth0|507f1f77bcf86cd799439020"
DOCS_ID = "evt_1234567890abcdef"
CATALOG_ID = "evt_vjFVP5pVdfvsfRKatshkVV"

pytestmark = pytest.mark.kafka

# file → type, key, event id; of the other login a control event is published.
PUBLISHED = {
    "docs_2025_user_created_generic.json": (
        "user.created",
        "auth0|xxxxxxxxxxxx",
        "evt_xxxxxxxx",
    ),
    "docs_2025_user_created_db_signup.json": ("user.created", USER, DOCS_ID),
    "docs_2025_user_created_mgmt_api.json": (
        "user.created",
        "auth0|admin123",
        "evt_987654321",
    ),
    "docs_2025_user_updated.json": ("user.updated", USER, DOCS_ID),
    "docs_2025_user_deleted.json": ("user.deleted", USER, DOCS_ID),
    "docs_webhook_received_user_created.json": (
        "user.created",
        "auth0|679fb1b1e809445f129bc18d",
        "evt_6SfwXrtm8nVcjzzNCFFH1L",
    ),
    "docs_events_api_partial_user_created.json": (
        "user.created",
        "auth0|123",
        "evt_abc123",
    ),
    "event_test_user_created.json": (
        "user.created",
        USER,
        "evt_7PhFNYbTW8At5NiLxgUn4D",
    ),
    "catalog_0.7.2_user_created.json": ("user.created", USER, CATALOG_ID),
    "catalog_0.7.2_user_updated.json": ("user.updated", USER, CATALOG_ID),
    "catalog_0.7.2_user_deleted.json": ("user.deleted", USER, CATALOG_ID),
    **{
        f"docs_2025_{kind.replace('.', '_')}.json": (kind, key, DOCS_ID)
        for kind, key in {
            "organization.created": "org_1234567890abcdef",
            "organization.updated": "org_1234567890abcdef",
            "organization.deleted": "org_1234567890abcdef",
            "organization.member.role.assigned": USER,
            "organization.member.role.deleted": USER,
            "organization.connection.added": "org_1234567890abcdef",
            "organization.connection.updated": "org_1234567890abcdef",
            "organization.connection.removed": "org_1234567890abcdef",
        }.items()
    },
}
NO_JSON = (
    "docs_2025_event_object_template.invalid.txt",
    "docs_2025_organization_member_added.invalid.txt",
    "docs_2025_organization_member_deleted.invalid.txt",
)
OTHER_KEYS = {
    "group": "grp_01949dad80fc7d56",
    "organization": "org_1234567890abcdef",
    "organization.member": USER,
}


@pytest.fixture
def poster(kafka: str, topics: Topics) -> Iterator[Poster]:
    with (
        running_ingest(kafka, topics.installation) as ingest,
        Poster(ingest.url, ingest.authorization) as client,
    ):
        yield client


def digest(body: bytes | None) -> str:
    return sha256(body or b"").hexdigest()


def test_every_published_payload_is_in_the_table() -> None:
    files = {p.name for p in PAYLOADS.iterdir() if p.suffix in (".json", ".txt")}

    assert files == {*PUBLISHED, *NO_JSON, OTHER_EVENTS}


def test_every_published_event_is_stored_byte_for_byte_under_its_key(
    kafka: str, topics: Topics, poster: Poster
) -> None:
    bodies = {name: (PAYLOADS / name).read_bytes() for name in PUBLISHED}

    statuses = {name: poster.post(body).status for name, body in bodies.items()}

    assert set(statuses.values()) == {202}
    stored = {
        digest(record.value): record for record in read_topic(kafka, topics.events.name)
    }
    for name, (kind, key, event_id) in PUBLISHED.items():
        record = stored.pop(digest(bodies[name]))
        assert record.key == key.encode(), name
        assert record.headers["event-type"] == kind, name
        assert record.headers["event-id"] == event_id, name
        assert record.headers["event-time"] == json.loads(bodies[name])["time"], name
        assert record.headers["received-at"], name
    # What is left are the control events of the two that name a second login.
    assert sorted(record.headers["event-type"] for record in stored.values()) == [
        "keepstep.user.deleted",
        "keepstep.user.merged",
    ]
    assert {record.key for record in stored.values()} == {
        b"custom|507f1f77bcf86cd799439020"
    }
    assert read_topic(kafka, topics.quarantine.name) == []


def test_every_other_type_of_the_catalog_is_stored_under_its_things_id(
    kafka: str, topics: Topics, poster: Poster
) -> None:
    examples = json.loads((PAYLOADS / OTHER_EVENTS).read_bytes())
    assert len(examples) == 15

    for event in examples.values():
        assert poster.post(json.dumps(event).encode()).status == 202

    keys = {
        r.headers["event-type"]: r.key for r in read_topic(kafka, topics.events.name)
    }
    expected = {
        kind: OTHER_KEYS[
            "organization.member"
            if kind.startswith("organization.member")
            else kind.split(".")[0]
        ].encode()
        for kind in examples
    }
    assert keys == expected


def test_a_published_example_that_is_no_json_is_kept_in_quarantine(
    kafka: str, topics: Topics, poster: Poster
) -> None:
    bodies = [(PAYLOADS / name).read_bytes() for name in NO_JSON]

    assert [poster.post(body).status for body in bodies] == [202, 202, 202]

    kept = read_topic(kafka, topics.quarantine.name)
    assert [record.value for record in kept] == bodies
    assert {record.headers["reason"] for record in kept} == {"not_json"}
    assert {record.key for record in kept} == {None}
    assert read_topic(kafka, topics.events.name) == []
