"""A destination that is only observed: real Kafka, ingest, worker and CRM.

Played is the story of `make run`, whose events Auth0 has published.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from events import admin
from events.kafka import KafkaSettings
from events.topics import Topic, Topics
from sandbox.story.plot import steps
from sandbox.story.step import Step
from tests.support.eventually import eventually
from tests.support.follower import Follower
from tests.support.pipeline import PARTITIONS, Pipeline, running_pipeline
from tests.support.user_events import user_event
from tests.support.worker import Worker, hasty, running_worker

pytestmark = pytest.mark.kafka
DIRECTORY = "KEEPSTEP_WORKER_DESTINATIONS_DIR"
WRITES = ("created", "updated", "deactivated", "restored", "deleted")
WAITS, KEPT_ASIDE = "waits: ", "quarantine: "


class Observer:
    """What the observer says of each event."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._outcomes = follow(pipeline, pipeline.topics.outcomes("crm-observe"))
        self._retry = follow(pipeline, pipeline.topics.retry("crm-observe"))

    def ends(self, event_id: str | None) -> list[dict[str, Any]]:
        """Return the outcomes of an event, which may have been sent twice."""
        found = [json.loads(record.value or b"") for record in self._outcomes.records()]
        return [outcome for outcome in found if outcome["event_id"] == event_id]

    def waits(self, event_id: str | None) -> list[str]:
        """Return why an event has waited."""
        entries = [record.headers for record in self._retry.records() if record.value]
        return [WAITS + e["reason"] for e in entries if e["event-id"] == event_id]

    def has_seen(self, event_id: str | None, before: int) -> bool:
        """Whether the event waits or has ended, once more than *before*."""
        return bool(self.waits(event_id) or self.ends(event_id)[before:])

    def agrees(self, step: Step, before: int) -> bool:
        """Whether the last of what it said is how the story goes, but for writes."""
        if step.ends.startswith(KEPT_ASIDE):
            return True
        if step.ends.startswith(WAITS):
            return step.ends in self.waits(step.event_id)
        return [would_end(o) for o in self.ends(step.event_id)[before:]] == [step.ends]

    def close(self) -> None:
        self._outcomes.close()
        self._retry.close()


def would_end(outcome: dict[str, Any]) -> str:
    """Return how the story would show the outcome, had all been written."""
    action = outcome["action"]
    assert (outcome["outcome"] == "would_apply") == (action in WRITES), outcome
    tries = outcome["attempts"]
    how = str(action or outcome["outcome"])
    return f"{how} (attempt {tries})" if tries > 1 else how


def follow(pipeline: Pipeline, topic: Topic) -> Follower:
    return Follower(pipeline.kafka, topic.name, topic.partitions)


@pytest.fixture
def observed(kafka: str, installation: str, tmp_path: Path) -> Iterator[Pipeline]:
    """Run the system with a worker that only looks."""
    reached = KafkaSettings(bootstrap_servers=kafka, replication_factor=1)
    topics = Topics(installation, PARTITIONS).all_of(["crm-observe"])
    admin.create(reached, topics)
    told = {DIRECTORY: written(tmp_path, 'mode = "observe"')}
    with running_pipeline(kafka, installation, tmp_path, **told) as running:
        yield running


@pytest.fixture
def observer(observed: Pipeline) -> Iterator[Observer]:
    made = Observer(observed)
    yield made
    made.close()


def written(directory: Path, line: str) -> str:
    """Write the destination file anew, with *line* in front."""
    found = Path(hasty(directory)) / "crm.toml"
    text = found.read_text().replace("grace_seconds = 0", "grace_seconds = 2.0")
    found.write_text(f"{line}\n{text}")
    return str(directory)


def play(observed: Pipeline, step: Step) -> None:
    if step.failures:
        fault = {"kind": "error", "status": 503, "requests": step.failures}
        observed.crm.put_faults(fault)
    assert observed.send(step.body) == 202


def stopped(observed: Pipeline) -> str:
    """Stop the observer, and return when, as a destination file says it."""
    at = datetime.now(UTC).isoformat(timespec="milliseconds")
    observed.worker.terminate()
    assert observed.worker.wait(25.0) == 0
    return at


def applying(
    observed: Pipeline, installation: str, directory: Path, start: str
) -> AbstractContextManager[Worker]:
    """Run a worker of the same destination that writes, and begins at *start*."""
    settings = {
        DIRECTORY: written(directory, f"start = {start}"),
        "KEEPSTEP_CRM_URL": observed.crm.base_url,
        "KEEPSTEP_CRM_TOKEN": observed.crm.token,
    }
    return running_worker(observed.kafka, installation, **settings)


def test_the_whole_story_is_worked_out_and_nothing_is_written(
    observed: Pipeline, observer: Observer
) -> None:
    later = []
    for step in steps():
        before = len(observer.ends(step.event_id))
        play(observed, step)
        if step.next_when == "ended":
            eventually(partial(observer.agrees, step, before))
            continue
        if step.next_when == "seen":
            eventually(partial(observer.has_seen, step.event_id, before))
        later.append((step, before))
    for step, before in later:
        eventually(partial(observer.agrees, step, before))

    assert {request["method"] for request in observed.crm.requests()} == {"GET"}
    assert observed.crm.effects() == []


def test_to_apply_afterwards_needs_no_replay(
    observed: Pipeline, observer: Observer, installation: str, tmp_path: Path
) -> None:
    record = observed.crm.add(email="ann@example.com", name="Ann")
    before, after = (user_event("ann", "updated", name=n) for n in ("Bea", "Cem"))
    for step in steps():
        play(observed, step)
    assert observed.send(before) == 202
    eventually(partial(observer.ends, before["id"]))
    effects = observed.crm.effects()
    stopped(observed)

    with applying(observed, installation, tmp_path, '"now"') as worker:
        eventually(lambda: worker.admin("/readyz")[0] == 200)
        assert observed.send(after) == 202
        outcome = observed.outcome_of(after["id"])

    assert (outcome["action"], outcome["record_id"]) == ("updated", record["id"])
    [effect] = observed.crm.effects()[len(effects) :]
    assert effect["changes"]["name"] == {"from": "Ann", "to": "Cem"}
    assert [o["event_id"] for o in observed.outcomes()] == [after["id"]]


def test_what_comes_between_is_applied_from_the_time_that_the_file_names(
    observed: Pipeline, observer: Observer, installation: str, tmp_path: Path
) -> None:
    before, between = user_event("ann", "created"), user_event("bob", "created")
    assert observed.send(before) == 202
    eventually(partial(observer.ends, before["id"]))
    at = stopped(observed)
    assert observed.send(between) == 202

    with applying(observed, installation, tmp_path, at):
        assert observed.outcome_of(between["id"])["action"] == "created"

    assert [c["email"] for c in observed.crm.contacts()] == ["bob@example.com"]
