"""Workers that stop and join while events are under way; all parts are real."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from tests.support.eventually import eventually
from tests.support.pipeline import Pipeline, running_pipeline
from tests.support.worker import hasty, running_worker

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(180)]
USERS = 30


def send_users(pipeline: Pipeline, first: int, count: int) -> None:
    for number in range(first, first + count):
        profile = {"user_id": f"auth0|{number}", "email": f"u{number}@example.com"}
        event = {
            "id": f"evt_{number}",
            "type": "user.created",
            "data": {"object": profile},
        }
        assert pipeline.send(json.dumps(event).encode()) == 202


def slow(directory: Path) -> str:
    """Return a directory with the shipped destination at 5 calls a second."""
    found = Path(hasty(directory)) / "crm.toml"
    found.write_text(found.read_text().replace("calls = 50,", "calls = 5,"))
    return str(directory)


def ended(pipeline: Pipeline) -> Counter[str]:
    return Counter(outcome["event_id"] for outcome in pipeline.outcomes())


def test_a_signal_lets_the_event_in_hand_end_and_the_next_worker_goes_on(
    kafka: str, installation: str, tmp_path: Path
) -> None:
    settings = {"KEEPSTEP_WORKER_DESTINATIONS_DIR": slow(tmp_path)}
    with running_pipeline(kafka, installation, tmp_path, **settings) as pipeline:
        send_users(pipeline, 0, USERS)  # two calls for each
        eventually(lambda: ended(pipeline))

        pipeline.worker.terminate()
        code = pipeline.worker.wait(25.0)
        before = ended(pipeline)
        pipeline.worker.start()

        assert code == 0
        assert 0 < len(before) < USERS
        eventually(lambda: len(ended(pipeline)) == USERS)
        # Stopped in order, so nothing had to be done twice.
        assert set(ended(pipeline).values()) == {1}
        assert len(pipeline.crm.contacts()) == USERS


def test_a_second_worker_takes_its_share_and_nothing_is_lost(
    kafka: str, installation: str, tmp_path: Path
) -> None:
    with running_pipeline(kafka, installation, tmp_path) as pipeline:
        settings = {
            "KEEPSTEP_CRM_URL": pipeline.crm.base_url,
            "KEEPSTEP_CRM_TOKEN": pipeline.crm.token,
        }
        send_users(pipeline, 0, USERS)
        with running_worker(kafka, installation, **settings) as second:
            send_users(pipeline, USERS, USERS)
            eventually(lambda: len(ended(pipeline)) == 2 * USERS)

            assert '"event":"attempt"' in second.log
        send_users(pipeline, 2 * USERS, USERS)

        eventually(lambda: len(ended(pipeline)) == 3 * USERS, 60.0)
        assert len(pipeline.crm.contacts()) == 3 * USERS
