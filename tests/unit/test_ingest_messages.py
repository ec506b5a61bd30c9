"""What a body becomes in Kafka: the real sorting, without a broker."""

from __future__ import annotations

import json
from typing import Any

from events import headers
from events.log import user_ref
from events.topics import Topics
from ingest.messages import Sorter

TOPICS = Topics("acme", 3)
SECRET = "5f2c9e0d7b1a4863"
TRACE = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def an_update(**changes: Any) -> bytes:
    event = {
        "specversion": "1.0",
        "type": "user.updated",
        "source": "urn:auth0:acme.auth0.com",
        "id": "evt_1",
        "time": "2026-01-02T03:04:05.678Z",
        "data": {
            "object": {
                "user_id": "auth0|1",
                "email": "ann@example.com",
                "identities": [
                    {"provider": "auth0", "user_id": "1"},
                    {"provider": "google-oauth2", "user_id": 117},
                ],
            }
        },
    }
    merged = {n: v for n, v in (event | changes).items() if v is not None}
    return json.dumps(merged).encode()


def sort(body: bytes, *sources: str, traceparent: bytes | None = None) -> Any:
    return Sorter(TOPICS, sources, SECRET).sort(body, traceparent)


def test_an_event_is_published_under_its_user_with_the_body_as_it_came() -> None:
    body = an_update()

    event = sort(body).messages[-1]

    assert (event.topic, event.key, event.value) == ("acme.events", b"auth0|1", body)
    known = headers.decode(event.headers)
    assert known.pop("received-at").endswith("+00:00")
    assert known == {
        "event-id": "evt_1",
        "event-type": "user.updated",
        "event-time": "2026-01-02T03:04:05.678Z",
    }


def test_the_senders_trace_goes_on_in_the_message() -> None:
    by_header = sort(an_update(), traceparent=TRACE).messages[-1]
    by_body = sort(an_update(traceparent=TRACE.decode())).messages[-1]
    too_long = sort(an_update(), traceparent=b"0" * 5000).messages[-1]

    assert ("traceparent", TRACE) in by_header.headers
    assert ("traceparent", TRACE) in by_body.headers
    assert "traceparent" not in headers.decode(too_long.headers)


def test_each_other_login_of_a_merged_user_is_told_before_the_event() -> None:
    mark, _ = sort(an_update()).messages
    mark_id = f"evt_1/{user_ref(SECRET, 'google-oauth2|117')}"

    assert (mark.topic, mark.key) == ("acme.events", b"google-oauth2|117")
    assert json.loads(mark.value) == {
        "specversion": "1.0",
        "type": "keepstep.user.merged",
        "source": "urn:auth0:acme.auth0.com",
        "id": mark_id,
        "time": "2026-01-02T03:04:05.678Z",
        "data": {
            "object": {"user_id": "google-oauth2|117"},
            "primary_user_id": "auth0|1",
        },
    }
    known = headers.decode(mark.headers)
    assert known["event-id"] == mark_id
    assert known["event-type"] == "keepstep.user.merged"


def test_each_login_of_a_deleted_user_is_told_of_the_deletion() -> None:
    mark, _ = sort(an_update(type="user.deleted")).messages

    assert json.loads(mark.value)["type"] == "keepstep.user.deleted"


def test_control_events_of_an_event_without_id_are_the_same_each_time() -> None:
    body = an_update(id=None)

    first, _ = sort(body).messages
    again, _ = sort(body).messages

    assert first.value == again.value
    assert json.loads(first.value)["id"].startswith("sha256:")


def test_an_unreadable_body_is_kept_aside_as_it_came_with_the_reason() -> None:
    intake = sort(b"\x00\xff")

    (message,) = intake.messages
    assert (message.topic, message.key) == ("acme.quarantine", None)
    assert message.value == b"\x00\xff"
    assert headers.decode(message.headers)["reason"] == "not_json"
    assert not intake.stored


def test_an_event_of_another_tenant_is_kept_aside() -> None:
    (message,) = sort(an_update(), "urn:auth0:other").messages

    assert message.topic == "acme.quarantine"
    assert headers.decode(message.headers)["reason"] == "foreign_source"


def test_an_event_of_an_accepted_source_is_published() -> None:
    accepted = sort(an_update(), "urn:auth0:other", "urn:auth0:acme.auth0.com")

    assert accepted.stored
