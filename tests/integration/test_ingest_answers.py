"""What a sender is answered, and what is in Kafka then: real process, real Kafka."""

from __future__ import annotations

import json
import random
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from events.codec import UnreadableEvent, peek
from events.topics import BODY_BYTES_MAX, Topics
from tests.support.eventually import eventually
from tests.support.ingest import Ingest, running_ingest
from tests.support.posting import Poster, an_event
from tests.support.topics import Stored, read_topic

PAYLOADS = Path(__file__).parents[1] / "payloads" / "auth0"
OTHER_EVENTS = "catalog_0.7.2_other_events.json"
USER = "auth0|507f1f77bcf86cd799439020"
DOCS = ("docs_2025_", "evt_1234567890abcdef")
CATALOG = ("catalog_0.7.2_", "evt_vjFVP5pVdfvsfRKatshkVV")

pytestmark = pytest.mark.kafka

# file → type, key, event id; of the other login a control event is published.
PUBLISHED = {
    "docs_2025_user_created_generic.json": (
        "user.created",
        "auth0|xxxxxxxxxxxx",
        "evt_xxxxxxxx",
    ),
    "docs_2025_user_created_db_signup.json": ("user.created", USER, DOCS[1]),
    "docs_2025_user_created_mgmt_api.json": (
        "user.created",
        "auth0|admin123",
        "evt_987654321",
    ),
    "docs_2025_user_updated.json": ("user.updated", USER, DOCS[1]),
    "docs_2025_user_deleted.json": ("user.deleted", USER, DOCS[1]),
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
    "catalog_0.7.2_user_created.json": ("user.created", USER, CATALOG[1]),
    "catalog_0.7.2_user_updated.json": ("user.updated", USER, CATALOG[1]),
    "catalog_0.7.2_user_deleted.json": ("user.deleted", USER, CATALOG[1]),
    **{
        f"docs_2025_{kind.replace('.', '_')}.json": (kind, key, DOCS[1])
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
def ingest(kafka: str, topics: Topics) -> Iterator[Ingest]:
    with running_ingest(kafka, topics.installation) as running:
        yield running


@pytest.fixture
def poster(ingest: Ingest) -> Iterator[Poster]:
    with Poster(ingest.url, ingest.authorization) as client:
        yield client


def events_of(kafka: str, topics: Topics) -> list[Stored]:
    return read_topic(kafka, topics.events.name)


def quarantine_of(kafka: str, topics: Topics) -> list[Stored]:
    return read_topic(kafka, topics.quarantine.name)


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
    stored = {digest(record.value): record for record in events_of(kafka, topics)}
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
    assert quarantine_of(kafka, topics) == []


def test_every_other_type_of_the_catalog_is_stored_under_its_things_id(
    kafka: str, topics: Topics, poster: Poster
) -> None:
    examples = json.loads((PAYLOADS / OTHER_EVENTS).read_bytes())
    assert len(examples) == 15

    for event in examples.values():
        assert poster.post(json.dumps(event).encode()).status == 202

    keys = {r.headers["event-type"]: r.key for r in events_of(kafka, topics)}
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

    kept = quarantine_of(kafka, topics)
    assert [record.value for record in kept] == bodies
    assert {record.headers["reason"] for record in kept} == {"not_json"}
    assert {record.key for record in kept} == {None}
    assert events_of(kafka, topics) == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": ""},
        {"Content-Type": "text/plain; charset=utf-16"},
        {"Content-Type": "application/cloudevents+json"},
        {"Content-Encoding": "gzip"},
        {"Expect": "100-continue"},
    ],
)
def test_a_readable_body_is_stored_whatever_the_headers_call_it(
    kafka: str, topics: Topics, poster: Poster, headers: dict[str, str]
) -> None:
    body = an_event("auth0|1", "evt_1")

    assert poster.post(body, headers).status == 202
    assert [record.value for record in events_of(kafka, topics)] == [body]


def test_a_trace_goes_on_in_the_message(
    kafka: str, topics: Topics, poster: Poster
) -> None:
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    poster.post(an_event("auth0|1", "evt_1"), {"traceparent": trace})

    (record,) = events_of(kafka, topics)
    assert record.headers["traceparent"] == trace


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer wrong", "Basic " + b64encode(b"a:b").decode(), "Bearer x y"],
)
def test_an_unknown_sender_is_refused_and_nothing_is_stored(
    kafka: str, topics: Topics, poster: Poster, authorization: str
) -> None:
    for body in (an_event("auth0|1", "evt_1"), b"garbage"):
        answer = poster.post(body, {"Authorization": authorization})
        assert answer.status == 401

    assert events_of(kafka, topics) == []
    assert quarantine_of(kafka, topics) == []


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/", 404),
        ("POST", "/webhooks/auth0/", 404),
        ("POST", "/metrics", 404),
        ("GET", "/livez", 404),
        ("GET", "/webhooks/auth0", 405),
        ("PUT", "/webhooks/auth0", 405),
        ("HEAD", "/webhooks/auth0", 405),
    ],
)
def test_nothing_but_the_webhook_is_served_in_public(
    poster: Poster, method: str, path: str, status: int
) -> None:
    assert poster.send(method, path, None).status == status


def test_a_body_of_the_largest_size_is_stored_and_a_larger_one_refused(
    kafka: str, topics: Topics, poster: Poster
) -> None:
    padding = random.Random(4).randbytes(BODY_BYTES_MAX // 2 - 200).hex()  # noqa: S311 -- must not compress
    body = an_event("auth0|1", "evt_1", x=padding)
    largest = body + b" " * (BODY_BYTES_MAX - len(body))
    assert len(body) <= len(largest) == BODY_BYTES_MAX

    stored = poster.post(largest)
    refused = poster.post(largest + b" ")

    assert (stored.status, refused.status) == (202, 413)
    assert [digest(r.value) for r in events_of(kafka, topics)] == [digest(largest)]


def test_two_posts_for_one_user_are_stored_in_their_order(
    kafka: str, topics: Topics, poster: Poster
) -> None:
    for number in range(20):
        poster.post(an_event("auth0|1", f"evt_{number}", "user.updated"))

    ids = [record.headers["event-id"] for record in events_of(kafka, topics)]
    assert ids == [f"evt_{number}" for number in range(20)]


def test_events_of_a_foreign_source_are_kept_aside(kafka: str, topics: Topics) -> None:
    accepted = "urn:auth0:acme.auth0.com"
    stranger = an_event("auth0|1", "evt_1").replace(b"acme", b"staging")
    sources = f"urn:auth0:b, {accepted}"

    with (
        running_ingest(
            kafka, topics.installation, KEEPSTEP_INGEST_SOURCES=sources
        ) as ingest,
        Poster(ingest.url, ingest.authorization) as poster,
    ):
        statuses = [
            poster.post(b).status for b in (stranger, an_event("auth0|1", "evt_2"))
        ]

    assert statuses == [202, 202]
    (kept,) = quarantine_of(kafka, topics)
    assert (kept.value, kept.headers["reason"]) == (stranger, "foreign_source")
    assert [r.headers["event-id"] for r in events_of(kafka, topics)] == ["evt_2"]


def test_secrets_are_rotated_without_a_restart(
    kafka: str, topics: Topics, tmp_path: Path
) -> None:
    old, new = "9e2f7c61a0b84d35e6f19c7d20a4b853", "41c8d0f6e7b2935a8c1d4e0f7a6b2953"
    path = tmp_path / "credentials.toml"
    path.write_text(f'basic = ["auth0:{old}"]\n[header]\nX-Key = ["{old}"]')
    basic = "Basic " + b64encode(f"auth0:{old}".encode()).decode()
    body = an_event("auth0|1", "evt_1")

    with (
        running_ingest(
            kafka,
            topics.installation,
            KEEPSTEP_INGEST_BEARER_TOKENS="",
            KEEPSTEP_INGEST_CREDENTIALS_FILE=str(path),
        ) as ingest,
        Poster(ingest.url, {}) as poster,
    ):
        by_basic = poster.post(body, {"Authorization": basic}).status
        by_header = poster.post(body, {"X-Key": old}).status
        path.write_text(f'bearer = ["{new}"]\n[header]\nX-Key = ["{old}"]')
        renewed = {"Authorization": f"Bearer {new}"}
        eventually(lambda: poster.post(body, renewed).status == 202)
        assert poster.post(body, {"Authorization": basic}).status == 401
        assert poster.post(body, {"X-Key": old}).status == 202

        path.write_text("bearer = [")
        eventually(lambda: "credentials_file" in ingest.admin("/readyz?verbose")[1])

        assert ingest.ready()
        assert poster.post(body, renewed).status == 202
        metrics = ingest.admin("/metrics")[1]

    assert (by_basic, by_header) == (202, 202)
    assert 'credential_uses_total{credential="file.header.x-key.1"}' in metrics
    assert old not in metrics + ingest.log
    assert new not in metrics + ingest.log


def test_readable_means_readable_to_the_workers(
    kafka: str, topics: Topics, poster: Poster
) -> None:
    odd = [b'{"type":"user.created","x":1e999}', b"{" * 5000, b'{"type":"\\ud800"}']

    assert {poster.post(body).status for body in odd} == {202}

    for record in quarantine_of(kafka, topics):
        with pytest.raises(UnreadableEvent):
            peek(record.value or b"")
    assert len(quarantine_of(kafka, topics)) == len(odd)
