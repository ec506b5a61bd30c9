"""kill -9 under load: real Kafka, real processes, events sent as Auth0 sends them."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from sandbox.auth0.delivery import Delivery
from sandbox.auth0.sender import Pace, deliver
from sandbox.auth0.target import Target
from sandbox.auth0.users import Population, generate
from tests.support.eventually import eventually
from tests.support.pipeline import Pipeline, running_pipeline
from tests.support.service import Service
from tests.support.worker import hasty

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]
EVENTS_PER_SECOND = 60
SECONDS = 12
KILLS = 4


async def kill_again_and_again(service: Service) -> None:
    """kill -9 and start again, spread over the time that events are sent."""
    for _ in range(KILLS):
        await asyncio.sleep(SECONDS / KILLS / 2)
        await asyncio.to_thread(service.kill)
        await asyncio.to_thread(service.start)


async def send_meanwhile(pipeline: Pipeline, killed: Service) -> list[Delivery]:
    """Send events as Auth0 does while *killed* is killed; return those answered 202."""
    population = Population(
        users=200,
        events=EVENTS_PER_SECOND * SECONDS,
        events_per_second=EVENTS_PER_SECOND,
        seed=7,
    )
    target = Target.bearer(pipeline.ingest.url, pipeline.ingest.secret)
    ended: list[Delivery] = []
    async with asyncio.TaskGroup() as group:
        group.create_task(kill_again_and_again(killed))
        await deliver(
            generate(population),
            target,
            Pace(events_per_second=EVENTS_PER_SECOND),
            on_delivery=ended.append,
        )
    return [delivery for delivery in ended if delivery.delivered]


def event_ids(pipeline: Pipeline) -> set[str]:
    return {record.headers["event-id"] for record in pipeline.stored("events")}


def ended_or_parked(pipeline: Pipeline) -> set[str]:
    ended = {outcome["event_id"] for outcome in pipeline.outcomes()}
    return ended | {e.headers["event-id"] for e in pipeline.parked().values()}


def letters(pipeline: Pipeline) -> set[str]:
    return {json.loads(d.value or b"{}")["id"] for d in pipeline.stored("dead")}


@pytest.fixture
def fast_crm(tmp_path: Path) -> Path:
    """The shipped destination file with ten times its rate, in a directory."""
    slow, fast = "calls = 50,", "calls = 500,"
    found = Path(hasty(tmp_path)) / "crm.toml"
    assert slow in found.read_text()
    found.write_text(found.read_text().replace(slow, fast))
    return tmp_path


@pytest.mark.parametrize("killed", ["ingest", "worker"])
async def test_after_kill_9_every_202_has_its_effect_its_letter_or_waits(
    kafka: str, installation: str, fast_crm: Path, killed: str
) -> None:
    settings = {"KEEPSTEP_WORKER_DESTINATIONS_DIR": str(fast_crm)}
    with running_pipeline(kafka, installation, fast_crm, **settings) as pipeline:
        pipeline.crm.put_faults({"kind": "error", "ratio": 0.05, "seed": 1})

        accepted = await send_meanwhile(pipeline, getattr(pipeline, killed))

        sent = {delivery.event.id for delivery in accepted}
        assert len(sent) > EVENTS_PER_SECOND * SECONDS / 2
        eventually(lambda: sent <= event_ids(pipeline))
        eventually(lambda: event_ids(pipeline) <= ended_or_parked(pipeline), 90.0)
        bodies = {record.value for record in pipeline.stored("events")}
        assert {delivery.event.body for delivery in accepted} <= bodies
        dead = {o["event_id"] for o in pipeline.outcomes() if o["outcome"] == "dead"}
        eventually(lambda: dead <= letters(pipeline))
