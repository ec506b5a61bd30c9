"""A destination that is only observed: real Kafka, ingest, worker and CRM."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from events import admin
from events.kafka import KafkaSettings
from events.topics import Topics
from tests.support.eventually import eventually
from tests.support.follower import Follower
from tests.support.pipeline import PARTITIONS, Pipeline, running_pipeline
from tests.support.user_events import user_event
from tests.support.worker import hasty, running_worker

pytestmark = pytest.mark.kafka
DIRECTORY = "KEEPSTEP_WORKER_DESTINATIONS_DIR"


@pytest.fixture
def observed(kafka: str, installation: str, tmp_path: Path) -> Iterator[Pipeline]:
    """Run the system with a worker that only looks."""
    reached = KafkaSettings(bootstrap_servers=kafka, replication_factor=1)
    topics = Topics(installation, PARTITIONS).all_of(["crm-observe"])
    admin.create(reached, topics)
    told = {DIRECTORY: written(tmp_path, 'mode = "observe"')}
    with running_pipeline(kafka, installation, tmp_path, **told) as running:
        yield running


def written(directory: Path, line: str) -> str:
    """Write the destination file anew, with *line* in front."""
    found = Path(hasty(directory)) / "crm.toml"
    found.write_text(f"{line}\n{found.read_text()}")
    return str(directory)


@contextmanager
def outcomes(pipeline: Pipeline) -> Iterator[Follower]:
    topic = pipeline.topics.outcomes("crm-observe")
    follower = Follower(pipeline.kafka, topic.name, topic.partitions)
    yield follower
    follower.close()


def ends(follower: Follower, event: dict[str, Any]) -> list[str]:
    """Return how the observer says that *event* would end."""
    found = [json.loads(record.value or b"") for record in follower.records()]
    return [o["outcome"] for o in found if o["event_id"] == event["id"]]


def writes(pipeline: Pipeline) -> int:
    return sum(request["method"] != "GET" for request in pipeline.crm.requests())


def test_it_is_asked_and_never_written_to(observed: Pipeline) -> None:
    created, deleted = user_event("ann", "created"), user_event("ann", "deleted")
    assert observed.send(created) == 202

    with outcomes(observed) as follower:
        assert eventually(partial(ends, follower, created)) == ["would_apply"]
        assert observed.send(deleted) == 202
        eventually(partial(ends, follower, deleted))

    assert observed.crm.requests()
    assert writes(observed) == 0


def test_to_apply_afterwards_needs_no_replay(
    observed: Pipeline, installation: str, tmp_path: Path
) -> None:
    before, after = user_event("ann", "created"), user_event("bob", "created")
    assert observed.send(before) == 202
    with outcomes(observed) as follower:
        eventually(partial(ends, follower, before))
    observed.worker.terminate()
    assert observed.worker.wait(25.0) == 0

    settings = {
        DIRECTORY: written(tmp_path, 'start = "now"'),
        "KEEPSTEP_CRM_URL": observed.crm.base_url,
        "KEEPSTEP_CRM_TOKEN": observed.crm.token,
    }
    with running_worker(observed.kafka, installation, **settings) as worker:
        eventually(lambda: worker.admin("/readyz")[0] == 200)
        assert observed.send(after) == 202
        assert observed.outcome_of(after["id"])["outcome"] == "applied"

    assert not observed.crm.contacts(email="ann@example.com")
    assert observed.crm.contacts(email="bob@example.com")
