"""Two logins merged, and a mass of deletions: real Kafka, ingest, worker and CRM."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.eventually import eventually
from tests.support.operating import Console
from tests.support.pipeline import Pipeline, running_pipeline
from tests.support.user_events import user_event
from tests.support.worker import hasty

pytestmark = pytest.mark.kafka
LIMIT = 3  # of each hour, and so 1 for each of three partitions
USERS = 9
NO_GRACE, GRACE = "deletion_grace_seconds = 0\n", "deletion_grace_seconds = 3\n"


@pytest.fixture
def pipeline(kafka: str, installation: str, tmp_path: Path) -> Iterator[Pipeline]:
    found = Path(hasty(tmp_path)) / "crm.toml"
    assert NO_GRACE in found.read_text()
    found.write_text(found.read_text().replace(NO_GRACE, GRACE))
    told = {"KEEPSTEP_WORKER_DESTINATIONS_DIR": str(tmp_path)}
    with running_pipeline(kafka, installation, tmp_path, **told) as running:
        yield running


def status(pipeline: Pipeline, user: str) -> str:
    [contact] = pipeline.crm.contacts(email=f"{user}@example.com")
    return str(contact["status"])


def send(pipeline: Pipeline, *events: dict[str, Any]) -> list[str]:
    """Send *events*, and return what became of each."""
    for event in events:
        assert pipeline.send(event) == 202
    ends = [pipeline.outcome_of(event["id"]) for event in events]
    return [end["action"] or end["outcome"] for end in ends]


@pytest.mark.parametrize("deletion_first", [True, False])
def test_who_merged_two_logins_is_not_deactivated(
    pipeline: Pipeline, *, deletion_first: bool
) -> None:
    send(pipeline, user_event("first", "created"), user_event("second", "created"))
    identities = [
        {"provider": "auth0", "user_id": "first"},
        {"provider": "auth0", "user_id": "second"},
    ]
    merge = [
        user_event("second", "deleted"),
        user_event("first", "updated", identities=identities),
    ]

    ended = send(pipeline, *(merge if deletion_first else merge[::-1]))

    assert ended[0 if deletion_first else 1] == "merged"
    assert status(pipeline, "first") == status(pipeline, "second") == "active"
    outcomes = [end["outcome"] for end in pipeline.outcomes()]
    eventually(lambda: "noted" in [end["outcome"] for end in pipeline.outcomes()])
    assert "dead" not in outcomes


def test_a_mass_of_deletions_stops_at_the_limit_and_goes_on_when_confirmed(
    kafka: str, installation: str, tmp_path: Path
) -> None:
    found = Path(hasty(tmp_path)) / "crm.toml"
    limit = f"deactivations_per_hour_max = {LIMIT}\n"
    found.write_text(limit + found.read_text())
    users = [f"user{number}" for number in range(USERS)]
    with running_pipeline(
        kafka, installation, tmp_path, KEEPSTEP_WORKER_DESTINATIONS_DIR=str(tmp_path)
    ) as pipeline:
        send(pipeline, *[user_event(user, "created") for user in users])
        deletions = [user_event(user, "deleted") for user in users]
        for deletion in deletions:
            pipeline.send(deletion)
        eventually(lambda: held(pipeline) >= USERS - LIMIT)
        active = [user for user in users if status(pipeline, user) == "active"]
        others = send(pipeline, user_event("someone", "created"))
        console = Console(kafka, installation, tmp_path)

        said = console.keepstep("deactivations", "confirm", "crm")
        ended = [pipeline.outcome_of(event["id"])["action"] for event in deletions]

        assert len(active) >= USERS - LIMIT
        assert others == ["created"]
        assert said.code == 0, said.err
        assert f"confirm {len(active)} deactivations" in said.out
        assert set(ended) == {"deactivated"}


def held(pipeline: Pipeline) -> int:
    """Return how many deletions wait for a person."""
    reasons = [entry.headers["reason"] for entry in pipeline.parked().values()]
    return reasons.count("mass_deactivation")
