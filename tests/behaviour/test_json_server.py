"""The story of `make run` with json-server as the CRM; all else is real, too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.story.plot import Step, contacts, steps
from tests.support.eventually import eventually
from tests.support.json_server import JsonServer
from tests.support.pipeline import Pipeline, running_pipeline

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]


@pytest.fixture
def json_server(tmp_path: Path) -> Iterator[JsonServer]:
    with JsonServer(tmp_path) as server:
        yield server


def gate_is_closed(pipeline: Pipeline) -> bool:
    metrics = pipeline.worker.admin("/metrics")[1]
    return 'keepstep_worker_gate_closed{cause="unreachable",' in metrics


def play(pipeline: Pipeline, crm: JsonServer, step: Step) -> None:
    """Send the step's body; where the CRM is to fail, it is away for an attempt."""
    known = len(pipeline.outcomes())
    if step.failures:
        crm.stop()
    assert pipeline.send(step.body) == 202
    if step.failures:
        eventually(lambda: gate_is_closed(pipeline))
        crm.start()
    if step.ends.startswith("quarantine"):
        eventually(lambda: pipeline.stored("quarantine"))
    elif step.ends.startswith("waits"):
        eventually(lambda: len(pipeline.parked()) == 1)
    else:
        eventually(lambda: len(pipeline.outcomes()) > known)


def test_the_story_ends_as_it_must(
    kafka: str, installation: str, tmp_path: Path, json_server: JsonServer
) -> None:
    settings = {
        "KEEPSTEP_CRM_URL": json_server.base_url,
        "KEEPSTEP_WORKER_RETRY_WAITS_SECONDS": "0.5,1,2,4",
    }
    with running_pipeline(kafka, installation, tmp_path, **settings) as pipeline:
        for step in steps():
            play(pipeline, json_server, step)

        states = [o["action"] or o["outcome"] for o in pipeline.outcomes()]
        # While it is away no attempt is counted, so none is the third.
        told = [step.ends.partition(" (attempt")[0] for step in steps()]
        ends = [end for end in told if ":" not in end]
        assert sorted(states) == sorted(ends)
        held = {contact["email"]: contact for contact in json_server.contacts()}
        assert len(held) == len(json_server.contacts()) == len(contacts())
        for wanted in contacts():
            # json-server gives a new contact no status; ours does.
            expected = {k: v for k, v in wanted.items() if v != "active"}
            assert held[wanted["email"]].items() >= expected.items()
