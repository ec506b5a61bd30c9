"""Real Kafka, real ingest, real worker, and the example CRM over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from confluent_kafka import Producer

from tests.support.eventually import eventually
from tests.support.pipeline import Pipeline, running_pipeline
from tests.support.user_events import user_event

pytestmark = pytest.mark.kafka


@pytest.fixture(scope="module")
def system(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    directory: Path = tmp_path_factory.mktemp("pipeline")
    with running_pipeline(kafka, f"t{uuid4().hex[:12]}", directory) as running:
        yield running


@pytest.fixture
def pipeline(system: Pipeline) -> Iterator[Pipeline]:
    yield system
    system.crm.put_faults()


@pytest.fixture
def user() -> str:
    return uuid4().hex[:10]


MOMENTS = count()


def contact_of(pipeline: Pipeline, user: str) -> dict[str, Any] | None:
    return next(iter(pipeline.crm.contacts(email=f"{user}@example.com")), None)


def test_a_new_user_becomes_a_contact(pipeline: Pipeline, user: str) -> None:
    event = user_event(user, "created", name="Ann", phone_number="+15550100")

    assert pipeline.send(event) == 202
    outcome = pipeline.outcome_of(event["id"])

    contact = contact_of(pipeline, user)
    assert contact is not None
    assert (contact["name"], contact["phone"]) == ("Ann", "+15550100")
    assert contact["auth0_user_id"] == f"auth0|{user}"
    assert outcome["action"] == "created"
    assert outcome["record_id"] == contact["id"]
    assert outcome["fields"] == ["email", "name", "phone", "auth0_user_id"]


def test_a_partial_update_leaves_the_other_fields_alone(
    pipeline: Pipeline, user: str
) -> None:
    pipeline.crm.add(email=f"{user}@example.com", name="Ann", phone="+1")
    event = user_event(user, "updated", phone_number="+2", name=None)

    pipeline.send(event)
    pipeline.outcome_of(event["id"])

    contact = contact_of(pipeline, user)
    assert contact is not None
    assert (contact["name"], contact["phone"]) == ("Ann", "+2")


def test_the_hint_finds_the_contact_whatever_its_email(
    pipeline: Pipeline, user: str
) -> None:
    held = pipeline.crm.add(email="other@example.com", name="Ann")
    event = user_event(
        user, "updated", name="Bea", app_metadata={"crm_contact_id": held["id"]}
    )

    pipeline.send(event)
    outcome = pipeline.outcome_of(event["id"])

    contact = pipeline.crm.contact(held["id"])
    assert contact is not None
    assert contact["name"] == "Bea"
    assert outcome["calls"] == 1


def test_a_deleted_user_is_deactivated(pipeline: Pipeline, user: str) -> None:
    pipeline.crm.add(email=f"{user}@example.com", name="Ann")
    event = user_event(user, "deleted")

    pipeline.send(event)
    outcome = pipeline.outcome_of(event["id"])

    contact = contact_of(pipeline, user)
    assert contact is not None
    assert (contact["status"], contact["name"]) == ("deactivated", "Ann")
    assert outcome["action"] == "deactivated"


def test_an_update_of_an_unknown_user_waits_for_a_person(
    pipeline: Pipeline, user: str
) -> None:
    event = user_event(user, "updated")

    pipeline.send(event)
    found = eventually(
        lambda: [
            (key, entry)
            for key, entry in pipeline.parked().items()
            if entry.headers["event-id"] == event["id"]
        ]
    )
    key, entry = found[0]

    assert key.startswith(f"auth0|{user}@".encode())
    assert entry.headers["state"] == "review"
    assert entry.headers["reason"] == "unmatched"
    assert "not-before" in entry.headers  # looked up again once a day
    assert contact_of(pipeline, user) is None


def test_a_crm_that_fails_twice_is_asked_a_third_time(
    pipeline: Pipeline, user: str
) -> None:
    pipeline.crm.put_faults({"kind": "error", "status": 503, "requests": 2})
    event = user_event(user, "created")

    pipeline.send(event)
    outcome = pipeline.outcome_of(event["id"])

    assert outcome["attempts"] == 3
    assert outcome["action"] == "created"
    assert contact_of(pipeline, user) is not None
    eventually(
        lambda: all(
            entry.headers["event-id"] != event["id"]
            for entry in pipeline.parked().values()
        )
    )


def test_later_events_of_a_user_wait_behind_the_one_that_failed(
    pipeline: Pipeline, user: str
) -> None:
    pipeline.crm.put_faults({"kind": "error", "status": 503, "requests": 1})
    first = user_event(user, "created", name="Ann")
    second = user_event(user, "updated", name="Bea")

    pipeline.send(first)
    pipeline.send(second)
    outcomes = [pipeline.outcome_of(event["id"]) for event in (first, second)]

    # Both in one call, where the second came before the first was tried again.
    assert outcomes[0]["outcome"] in {"applied", "superseded"}
    assert outcomes[1]["outcome"] == "applied"
    contact = contact_of(pipeline, user)
    assert contact is not None
    assert contact["name"] == "Bea"


def test_a_crm_that_never_recovers_ends_in_a_dead_letter(
    pipeline: Pipeline, user: str
) -> None:
    pipeline.crm.put_faults({"kind": "error", "status": 500})
    event = user_event(user, "created")

    pipeline.send(event)
    outcome = pipeline.outcome_of(event["id"])

    letter = eventually(
        lambda: [
            d for d in pipeline.stored("dead") if d.headers["event-id"] == event["id"]
        ]
    )[0]
    stored = eventually(
        lambda: [
            e for e in pipeline.stored("events") if e.headers["event-id"] == event["id"]
        ]
    )[0]
    assert (outcome["outcome"], outcome["class"]) == ("dead", "gave_up")
    assert (letter.headers["class"], letter.headers["attempt"]) == ("gave_up", "3")
    assert letter.headers["reason"] == "HTTP 500"
    assert (letter.key, letter.value) == (stored.key, stored.value)
    assert letter.partition == stored.partition


def test_what_the_crm_refuses_is_a_dead_letter_at_once(
    pipeline: Pipeline, user: str
) -> None:
    event = user_event(user, "created", app_metadata={"crm_contact_id": "../admin"})

    pipeline.send(event)
    outcome = pipeline.outcome_of(event["id"])

    assert outcome["class"] == "bad_external_id"
    assert outcome["calls"] == 0


def test_an_answer_lost_after_the_effect_is_tried_again(
    pipeline: Pipeline, user: str
) -> None:
    pipeline.crm.put_faults({"kind": "drop_after", "method": "POST", "requests": 1})
    event = user_event(user, "created")

    pipeline.send(event)
    outcome = pipeline.outcome_of(event["id"])

    assert outcome["attempts"] == 2
    assert len(pipeline.crm.contacts(email=f"{user}@example.com")) == 1


def test_a_busy_crm_is_asked_again_after_the_time_it_named(
    pipeline: Pipeline, user: str
) -> None:
    pipeline.crm.put_faults({"kind": "busy", "retry_after_seconds": 1, "requests": 1})
    seen = len(pipeline.crm.requests())
    event = user_event(user, "created")

    pipeline.send(event)
    pipeline.outcome_of(event["id"])

    first, second, *_ = pipeline.crm.requests()[seen:]
    assert first["status"] == 429
    waited = datetime.fromisoformat(second["time"]) - datetime.fromisoformat(
        first["time"]
    )
    assert waited >= timedelta(seconds=1)


def test_a_body_that_is_no_event_is_quarantined(pipeline: Pipeline) -> None:
    body = b"{no json " + uuid4().bytes

    assert pipeline.send(body) == 202

    kept = eventually(
        lambda: [q for q in pipeline.stored("quarantine") if q.value == body]
    )
    assert [q.headers["reason"] for q in kept] == ["not_json"]


def test_a_message_that_cannot_be_read_is_a_dead_letter_and_the_next_goes_on(
    pipeline: Pipeline, user: str
) -> None:
    producer = Producer(
        {"bootstrap.servers": pipeline.kafka, "partitioner": "murmur2_random"}
    )
    key = f"auth0|{user}"
    producer.produce(pipeline.topics.events.name, b"\xff not json", key)
    producer.produce(pipeline.topics.events.name, None, key)
    assert producer.flush(10) == 0
    event = user_event(user, "created")

    pipeline.send(event)
    pipeline.outcome_of(event["id"])

    letters = [d for d in pipeline.stored("dead") if d.key == key.encode()]
    assert {d.headers["class"] for d in letters} == {"unreadable"}
    assert [d.value for d in letters] == [b"\xff not json", None]
