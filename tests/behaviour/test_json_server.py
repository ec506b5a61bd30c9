"""The story of `make run` with json-server as the CRM; all else is real, too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.story.plot import contacts, steps
from sandbox.story.step import Step
from tests.support.eventually import eventually
from tests.support.json_server import JsonServer
from tests.support.pipeline import Pipeline, running_pipeline
from tests.support.worker import hasty

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]
NO_GRACE, GRACE = "grace_seconds = 0\n", "grace_seconds = 2.0\n"


@pytest.fixture
def json_server(tmp_path: Path) -> Iterator[JsonServer]:
    with JsonServer(tmp_path) as server:
        yield server


def graceful(directory: Path) -> str:
    """Copy the CRM's file into *directory*, with the graces of the story."""
    path = Path(hasty(directory)) / "crm.toml"
    assert path.read_text().count(NO_GRACE) == 2
    path.write_text(path.read_text().replace(NO_GRACE, GRACE))
    return str(directory)


def gate_is_closed(pipeline: Pipeline) -> bool:
    metrics = pipeline.worker.admin("/metrics")[1]
    return 'keepstep_worker_gate_closed{cause="unreachable",' in metrics


def is_parked(pipeline: Pipeline, step: Step, *states: str) -> bool:
    """Whether the step's event is parked, in one of *states* where some are named."""
    held = [entry.headers for entry in pipeline.parked().values()]
    own = [one["state"] for one in held if one["event-id"] == step.event_id]
    return any(not states or state in states for state in own)


def has_ended(pipeline: Pipeline, step: Step, sent: list[Step]) -> bool:
    """Whether the step's event has ended, or waits for a person."""
    if step.ends.startswith("quarantine"):
        return bool(pipeline.stored("quarantine"))
    if step.ends.startswith("waits"):
        return is_parked(pipeline, step, "review")
    ended = [outcome["event_id"] for outcome in pipeline.outcomes()]
    times = [other.event_id for other in sent].count(step.event_id)
    return ended.count(step.event_id) == times


def play(pipeline: Pipeline, crm: JsonServer, sent: list[Step]) -> None:
    """Send the last step's body, and wait until it is time for the next step.

    Where the CRM is to fail, it is away for an attempt.
    """
    step = sent[-1]
    if step.failures:
        crm.stop()
    assert pipeline.send(step.body) == 202
    if step.failures:
        eventually(lambda: gate_is_closed(pipeline))
        crm.start()
    if step.next_when == "seen":
        eventually(lambda: is_parked(pipeline, step) or has_ended(pipeline, step, sent))
    if step.next_when == "ended":
        eventually(lambda: all(has_ended(pipeline, one, sent) for one in sent))


def test_the_story_ends_as_it_must(
    kafka: str, installation: str, tmp_path: Path, json_server: JsonServer
) -> None:
    settings = {
        "KEEPSTEP_CRM_URL": json_server.base_url,
        "KEEPSTEP_WORKER_RETRY_WAITS_SECONDS": "0.5,1,2,4",
        "KEEPSTEP_WORKER_DESTINATIONS_DIR": graceful(tmp_path),
    }
    plot = steps()
    with running_pipeline(kafka, installation, tmp_path, **settings) as pipeline:
        for count in range(1, len(plot) + 1):
            play(pipeline, json_server, plot[:count])

        states = [
            end["action"] or end["outcome"]
            for end in pipeline.outcomes()
            if not end["event_type"].startswith("keepstep.")  # what ingest marks
        ]
        # While it is away no attempt is counted, so none is the third.
        told = [step.ends.partition(" (attempt")[0] for step in plot]
        ends = [end for end in told if ":" not in end]
        assert sorted(states) == sorted(ends)
        held = {contact["email"]: contact for contact in json_server.contacts()}
        assert len(held) == len(json_server.contacts()) == len(contacts())
        for wanted in contacts():
            # json-server gives a new contact only what it is sent; ours a status.
            expected = {k: v for k, v in wanted.items() if v not in ("active", None)}
            assert held[wanted["email"]].items() >= expected.items()
