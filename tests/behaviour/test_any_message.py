"""Whatever stands in keepstep.events has one end, and the next message goes on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from confluent_kafka import Producer

from events import codec
from processors.ledger.placing import Placing
from tests.support.eventually import eventually
from tests.support.pipeline import PARTITIONS, Pipeline, running_pipeline

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(180)]
MIB = 1024 * 1024
MOMENTS = count()


@pytest.fixture(scope="module")
def pipeline(
    kafka: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pipeline]:
    installation = f"t{uuid4().hex[:12]}"
    directory: Path = tmp_path_factory.mktemp("any-message")
    with running_pipeline(kafka, installation, directory) as running:
        yield running


@pytest.fixture
def user() -> str:
    return f"auth0|{uuid4().hex[:10]}"


def an_event(user: str, **profile: Any) -> dict[str, Any]:
    email = f"{user.removeprefix('auth0|')}@example.com"
    return {
        "id": f"evt_{uuid4().hex[:22]}",
        "type": "user.created",
        "time": f"2026-01-01T00:00:00.{next(MOMENTS):09}Z",
        "data": {"object": {"user_id": user, "email": email, **profile}},
    }


def produce(pipeline: Pipeline, key: str, value: bytes | None, **rest: Any) -> None:
    producer = Producer(
        {
            "bootstrap.servers": pipeline.kafka,
            "partitioner": "murmur2_random",
            "message.max.bytes": 8 * MIB,
        }
    )
    producer.produce(pipeline.topics.events.name, value, key, **rest)
    assert producer.flush(10) == 0


def of_partition(user: str) -> int:
    return Placing("events", PARTITIONS).of(user.encode())


def test_without_headers_an_event_is_taken(pipeline: Pipeline, user: str) -> None:
    event = an_event(user)

    produce(pipeline, user, json.dumps(event).encode())

    assert pipeline.outcome_of(event["id"])["action"] == "created"


def test_headers_of_strangers_are_no_obstacle(pipeline: Pipeline, user: str) -> None:
    event = an_event(user)
    strange = [("attempt", b"\xff"), ("x", None), ("attempt", b"7"), ("", b"")]

    produce(pipeline, user, json.dumps(event).encode(), headers=strange)

    assert pipeline.outcome_of(event["id"])["action"] == "created"


def test_an_event_of_four_mebibytes_is_taken(pipeline: Pipeline, user: str) -> None:
    event = an_event(user)
    room = 4 * MIB - len(json.dumps(event)) - 20
    event["padding"] = "x" * room

    produce(pipeline, user, json.dumps(event).encode())

    assert pipeline.outcome_of(event["id"])["action"] == "created"


def test_an_event_under_a_strangers_key_goes_where_it_belongs(
    pipeline: Pipeline, user: str
) -> None:
    event = an_event(user)

    produce(pipeline, "somebody else", json.dumps(event).encode())

    ends = eventually(lambda: ends_of(pipeline, event["id"], 2))
    assert sorted(end["outcome"] for end in ends) == ["applied", "rerouted"]
    assert (user.encode(), of_partition(user)) in published(pipeline, event["id"])


def test_an_event_in_another_partition_goes_where_it_belongs(
    pipeline: Pipeline, user: str
) -> None:
    event = an_event(user)
    wrong = (of_partition(user) + 1) % PARTITIONS

    produce(pipeline, user, json.dumps(event).encode(), partition=wrong)

    ends = eventually(lambda: ends_of(pipeline, event["id"], 2))
    assert sorted(end["outcome"] for end in ends) == ["applied", "rerouted"]
    assert (user.encode(), of_partition(user)) in published(pipeline, event["id"])


@pytest.mark.parametrize("value", [b"\xff", b"[]", b"{}", None])
def test_what_is_no_event_is_a_dead_letter_and_the_next_goes_on(
    pipeline: Pipeline, user: str, value: bytes | None
) -> None:
    event = an_event(user)

    produce(pipeline, user, value)
    produce(pipeline, user, json.dumps(event).encode())

    assert pipeline.outcome_of(event["id"])["action"] == "created"
    letters = eventually(
        lambda: [d for d in pipeline.stored("dead") if d.key == user.encode()]
    )
    assert [d.value for d in letters] == [value]
    assert letters[0].headers["class"] == "unreadable"


def ends_of(pipeline: Pipeline, event_id: str, enough: int) -> list[dict[str, Any]]:
    ends = [o for o in pipeline.outcomes() if o["event_id"] == event_id]
    return ends if len(ends) >= enough else []


def published(pipeline: Pipeline, event_id: str) -> list[tuple[bytes | None, int]]:
    found = []
    for record in pipeline.stored("events"):
        try:
            known = codec.peek(record.value or b"").id
        except codec.UnreadableEvent:
            continue
        if known == event_id:
            found.append((record.key, record.partition))
    return found
