"""Log-ins of users whom the CRM does not know: real Kafka, worker, CRM and console."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.support.eventually import eventually
from tests.support.operating import Console
from tests.support.pipeline import Pipeline, running_pipeline
from tests.support.several import quick
from tests.support.straight import Straight
from tests.support.user_events import user_event

pytestmark = pytest.mark.kafka
USERS = 12
LOGINS = 20
LOOK_UPS = 2  # by the user_id that we write, and by the email
SECONDS_MAX = 60.0


@pytest.fixture
def pipeline(kafka: str, installation: str, tmp_path: Path) -> Iterator[Pipeline]:
    told = {
        "KEEPSTEP_WORKER_DESTINATIONS_DIR": quick(tmp_path),
        # By default the log-ins of a minute are looked at together.
        "KEEPSTEP_WORKER_EARLY_TRY_SECONDS_MIN": "0.05",
    }
    with running_pipeline(kafka, installation, tmp_path, **told) as running:
        yield running


@pytest.fixture
def console(pipeline: Pipeline, tmp_path: Path) -> Console:
    made = Console(pipeline.kafka, pipeline.topics.installation, tmp_path)
    made.env["KEEPSTEP_WORKER_DESTINATIONS_DIR"] = str(tmp_path)
    made.env |= {"KEEPSTEP_CRM_URL": pipeline.crm.base_url, "KEEPSTEP_CRM_TOKEN": "t"}
    return made


@pytest.fixture
def straight(pipeline: Pipeline) -> Straight:
    return Straight(pipeline.kafka, pipeline.topics)


def login(user: int, number: int) -> dict[str, Any]:
    """Return the user's log-in *number*; nothing else has changed."""
    at = f"2026-01-01T00:00:{number:02}.000Z"
    changed = {"last_login": at, "logins_count": number, "updated_at": at}
    return user_event(f"user{user}", "updated", name=f"User {user}", **changed)


def superseded(pipeline: Pipeline) -> int:
    return sum(o["outcome"] == "superseded" for o in pipeline.outcomes())


def open_items(pipeline: Pipeline) -> list[tuple[str, str, str, int]]:
    """Return whose event waits, in which state, why, and which log-in it is."""
    found = []
    for entry in pipeline.parked().values():
        profile = json.loads(entry.value or b"")["data"]["object"]
        told = entry.headers
        who, number = profile["user_id"], profile["logins_count"]
        found.append((who, told["state"], told["reason"], number))
    return sorted(found)


def waits_alone(pipeline: Pipeline, number: int) -> bool:
    """Whether each user's log-in *number* waits, and all before it have ended."""
    users = [f"auth0|user{user}" for user in range(USERS)]
    alone = sorted((user, "review", "unmatched", number) for user in users)
    return open_items(pipeline) == alone and superseded(pipeline) == number * USERS


def test_twenty_logins_of_an_unmatched_user_are_one_open_item_and_one_search(
    pipeline: Pipeline, straight: Straight, console: Console
) -> None:
    for number in range(LOGINS):
        straight.publish(login(user, number) for user in range(USERS))
        eventually(partial(waits_alone, pipeline, number), SECONDS_MAX)

    assert len(pipeline.crm.requests()) == USERS * LOOK_UPS
    assert len(pipeline.outcomes()) == USERS * (LOGINS - 1)
    shown = console.keepstep("parked", "crm", "--state", "review")
    assert f"{USERS} parked: {USERS} review" in shown.out


def test_whose_record_a_person_names_ends_with_one_call(
    pipeline: Pipeline, straight: Straight, console: Console
) -> None:
    record = pipeline.crm.add(email="elsewhere@example.com")
    logins = [login(0, number) for number in range(LOGINS)]
    straight.publish(logins)
    eventually(lambda: superseded(pipeline) == LOGINS - 1, SECONDS_MAX)
    effects = pipeline.crm.effects()

    said = console.keepstep("link", "crm", "auth0|user0", record["id"])

    assert said.code == 0, said.err
    assert pipeline.outcome_of(logins[-1]["id"])["action"] == "updated"
    [effect] = pipeline.crm.effects()[len(effects) :]
    assert effect["contact_id"] == record["id"]
    eventually(lambda: not pipeline.parked())
