"""Two logins merged: real Kafka, ingest, worker and CRM."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.eventually import eventually
from tests.support.pipeline import Pipeline, running_pipeline
from tests.support.user_events import user_event
from tests.support.worker import hasty

pytestmark = pytest.mark.kafka
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
