"""The commands of the how-to pages about parked events and pauses, run.

Real: Kafka, ingest, the worker, the CRM and the commands.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import TopicCollection
from confluent_kafka.admin import AdminClient

from tests.support.eventually import eventually
from tests.support.operating import Desk, partition_of
from tests.support.operating import an_event as an_update
from tests.support.pages import Page, Shell
from tests.support.pipeline import Pipeline, running_pipeline

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]
PARKED = Page("release-skip-or-retry-a-parked-event.md").commands
PAUSE = Page("pause-a-destination.md").commands
ANN = "auth0|ann"


@pytest.fixture
def pipeline(kafka: str, installation: str, tmp_path: Path) -> Iterator[Pipeline]:
    with running_pipeline(kafka, installation, tmp_path) as running:
        yield running


@pytest.fixture
def shell(pipeline: Pipeline, tmp_path: Path) -> Shell:
    return Shell(pipeline, tmp_path)


def parked(shell: Shell) -> list[dict[str, Any]]:
    lines = shell.run(PARKED[0].rstrip() + " --json")
    return [json.loads(line) for line in lines]


def test_an_event_that_waits_for_a_person_is_tried_again_when_the_crm_is_mended(
    pipeline: Pipeline, shell: Shell
) -> None:
    show, about_user, retry, _, _ = PARKED
    pipeline.send(an_update(ANN))
    [waiting] = eventually(lambda: parked(shell))
    shown, known = shell.run(show), shell.run(about_user)
    pipeline.crm.add(email="ann@example.com", name="Ann")

    said = shell.run(retry, ("17", str(waiting["offset"])))

    assert waiting["state"] == "review"
    assert shown[1].split()[:3] == [ANN, str(waiting["offset"]), "review"]
    assert "1 parked: 1 review" in known
    assert said[-1].startswith("done: ")
    assert pipeline.outcome_of("evt_1")["outcome"] == "applied"
    eventually(lambda: parked(shell) == [])


def test_a_skipped_event_ends_without_a_call_and_lets_the_next_one_go(
    pipeline: Pipeline, shell: Shell
) -> None:
    *_, skip, _ = PARKED
    pipeline.send(an_update(ANN))
    [waiting] = eventually(lambda: parked(shell))

    said = shell.run(skip, ("17", str(waiting["offset"])))

    assert said[-1] == "done: it is parked no more"
    ended = pipeline.outcome_of("evt_1")
    assert (ended["outcome"], ended["reason"]) == ("ignored", "entered by hand")
    assert pipeline.crm.effects() == []


def test_a_held_event_is_released_also_after_a_restart(
    kafka: str, installation: str, tmp_path: Path
) -> None:
    *_, release = PARKED
    desk = Desk(kafka, installation, tmp_path)
    number, ref = partition_of(ANN), topic_ref(desk)
    desk.put(desk.topics.events.name, ANN.encode(), an_update(ANN), {}, number)
    desk.park(ANN, 0, ref=ref, state="held", attempt=6)
    desk.link(ANN.encode(), {"taken": 0, "topic": ref}, number)
    desk.flush()

    with running_pipeline(kafka, installation, tmp_path) as pipeline:
        shell = Shell(pipeline, tmp_path)
        pipeline.crm.add(email="ann@example.com", name="Ann")
        held = parked(shell)
        said = shell.run(release, ("17", "0"))

        assert [one["state"] for one in held] == ["held"]
        assert said[-1].startswith("done: ")
        [ended] = eventually(pipeline.outcomes)
        assert ended["outcome"] == "applied"


def test_a_paused_destination_gets_no_call_until_it_is_resumed(
    pipeline: Pipeline, shell: Shell
) -> None:
    pause, status, resume = PAUSE
    paused = shell.run(pause)
    pipeline.worker.kill()
    pipeline.worker.start()
    pipeline.crm.add(email="ann@example.com", name="Ann")
    before = len(pipeline.crm.requests())

    pipeline.send(an_update(ANN))
    said = eventually(lambda: behind(shell.run(status)))
    calls = pipeline.crm.requests()[before:]
    resumed = shell.run(resume)

    assert paused[-1] == "done: crm is paused"
    assert said[0].startswith("crm: paused")
    assert said[0].endswith(": moved on Friday")
    assert calls == []
    assert resumed[-1] == "done: crm is resumed"
    assert pipeline.outcome_of("evt_1")["outcome"] == "applied"


def behind(said: list[str]) -> list[str]:
    return said if "lag: 1" in said else []


def topic_ref(desk: Desk) -> str:
    client = AdminClient({"bootstrap.servers": desk.kafka})
    name = desk.topics.events.name
    described = client.describe_topics(TopicCollection([name]))
    return str(described[name].result().topic_id)[:8]
