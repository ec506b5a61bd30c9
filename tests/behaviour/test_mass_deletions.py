"""A connection removed: 500 deletions at once. Real Kafka, worker, CRM and console."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.eventually import eventually
from tests.support.operating import Console
from tests.support.pipeline import Pipeline, running_pipeline
from tests.support.several import quick
from tests.support.straight import Straight
from tests.support.user_events import user_event

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]
USERS = 500
LIMIT = 30  # of each hour, and so 10 for each of three partitions
SECONDS_MAX = 90.0


@pytest.fixture
def pipeline(kafka: str, installation: str, tmp_path: Path) -> Iterator[Pipeline]:
    found = Path(quick(tmp_path)) / "crm.toml"
    found.write_text(f"deactivations_per_hour_max = {LIMIT}\n{found.read_text()}")
    told = {"KEEPSTEP_WORKER_DESTINATIONS_DIR": str(tmp_path)}
    with running_pipeline(kafka, installation, tmp_path, **told) as running:
        yield running


@pytest.fixture
def console(kafka: str, installation: str, tmp_path: Path) -> Console:
    return Console(kafka, installation, tmp_path)


@pytest.fixture
def deletions(pipeline: Pipeline) -> list[dict[str, Any]]:
    """Make the users' records; return the users' deletions, which are not sent yet."""
    users = [f"user{number}" for number in range(USERS)]
    straight = Straight(pipeline.kafka, pipeline.topics)
    straight.publish(user_event(user, "created") for user in users)
    eventually(lambda: len(pipeline.outcomes()) == USERS, SECONDS_MAX)
    return [user_event(user, "deleted") for user in users]


def statuses(pipeline: Pipeline) -> Counter[str]:
    return Counter(contact["status"] for contact in pipeline.crm.contacts())


def held(pipeline: Pipeline) -> int:
    """Return how many deletions wait for a person."""
    reasons = [entry.headers["reason"] for entry in pipeline.parked().values()]
    return reasons.count("mass_deactivation")


def ended(pipeline: Pipeline) -> Counter[str]:
    """Return how the deletions ended so far."""
    ends = [o for o in pipeline.outcomes() if o["event_type"] == "user.deleted"]
    return Counter(o["action"] or o["outcome"] for o in ends)


def deactivations(pipeline: Pipeline) -> Counter[str]:
    """Return how often each record was deactivated."""
    effects = pipeline.crm.effects()
    return Counter(
        e["contact_id"] for e in effects if e["sent"].get("status") == "deactivated"
    )


def test_a_burst_stops_at_the_limit_and_goes_on_when_confirmed(
    pipeline: Pipeline, console: Console, deletions: list[dict[str, Any]]
) -> None:
    Straight(pipeline.kafka, pipeline.topics).publish(deletions)
    eventually(lambda: held(pipeline) == USERS - LIMIT, SECONDS_MAX)
    pipeline.worker.kill()
    pipeline.worker.start()
    someone = [user_event("someone", "created"), user_event("someone", "deleted")]
    assert [pipeline.send(event) for event in someone] == [202, 202]
    others = pipeline.outcome_of(someone[0]["id"])
    eventually(lambda: held(pipeline) == USERS - LIMIT + 1)
    before = statuses(pipeline)

    said = console.keepstep("deactivations", "confirm", "crm")

    assert others["action"] == "created"
    assert before == {"active": USERS - LIMIT + 1, "deactivated": LIMIT}
    assert (said.code, said.err) == (0, "")
    sent, done = said.out.splitlines()
    assert sent == f"sent: confirm {USERS - LIMIT + 1} deactivations"
    assert done == "done"
    eventually(lambda: ended(pipeline) == {"deactivated": USERS + 1}, SECONDS_MAX)
    assert statuses(pipeline) == {"deactivated": USERS + 1}
    assert set(deactivations(pipeline).values()) == {1}
    eventually(lambda: not pipeline.parked())
