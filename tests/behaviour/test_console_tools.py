"""The commands of the how-to pages about replay, run with Kafka's own console tools."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.eventually import eventually
from tests.support.pages import Page, Shell
from tests.support.pipeline import Pipeline, running_pipeline

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]
LETTERS = Page("read-and-replay-dead-letters.md").commands
STRETCH = Page("replay-a-stretch-of-time.md").commands


@pytest.fixture
def pipeline(kafka: str, installation: str, tmp_path: Path) -> Iterator[Pipeline]:
    with running_pipeline(kafka, installation, tmp_path) as running:
        yield running


@pytest.fixture
def shell(pipeline: Pipeline, tmp_path: Path) -> Shell:
    return Shell(pipeline, tmp_path)


def an_event(user: str, **more: Any) -> bytes:
    profile = {"user_id": f"auth0|{user}", "email": f"{user}@example.com", **more}
    event = {"id": f"evt_{user}", "type": "user.created", "data": {"object": profile}}
    return json.dumps(event).encode()


def gave_up(pipeline: Pipeline, user: str) -> None:
    """Let the user's event become a dead letter, then mend the CRM."""
    pipeline.crm.put_faults({"kind": "error", "status": 500})
    pipeline.send(an_event(user))
    assert pipeline.outcome_of(f"evt_{user}")["class"] == "gave_up"
    pipeline.crm.put_faults()


def test_the_console_consumer_shows_key_headers_and_the_posted_bytes(
    pipeline: Pipeline, shell: Shell
) -> None:
    bodies = [an_event(user) for user in ("ann", "bea", "cem")]
    for body in bodies:
        assert pipeline.send(body) == 202
    [read] = [command for command in LETTERS if "print.headers" in command]

    lines = shell.run(read.replace("keepstep.crm.dead", "keepstep.events"))

    parts = [line.split("\t") for line in lines]
    assert {key for _, key, _ in parts} == {"auth0|ann", "auth0|bea", "auth0|cem"}
    assert all(f"event-id:evt_{key[6:]}" in headers for headers, key, _ in parts)
    shown = {hashlib.sha256(value.encode()).digest() for _, _, value in parts}
    assert shown == {hashlib.sha256(body).digest() for body in bodies}


def test_a_dead_letter_is_read_and_replayed_with_kafkas_own_tools(
    pipeline: Pipeline, shell: Shell
) -> None:
    gave_up(pipeline, "ann")
    *_, read, replay = LETTERS

    [line] = shell.run(read)
    shell.run(replay)

    headers, key, value = line.split("\t")
    assert "class:gave_up" in headers
    assert "reason:HTTP 500" in headers
    assert (key, value.encode()) == ("auth0|ann", an_event("ann"))
    eventually(lambda: len(pipeline.crm.contacts(email="ann@example.com")) == 1)
    ends = eventually(
        lambda: [o for o in pipeline.outcomes() if o["outcome"] == "applied"]
    )
    assert ends[0]["event_id"] == "evt_ann"


def test_dead_letters_are_listed_shown_and_replayed_with_keepstep(
    pipeline: Pipeline, shell: Shell
) -> None:
    gave_up(pipeline, "ann")
    gave_up(pipeline, "bea")
    list_letters, show, replay_one, replay_class, _, _ = LETTERS

    _, *rows, count = shell.run(list_letters)
    partition, offset = next(row.split()[:2] for row in rows if "evt_ann" in row)
    place = ("0 17", f"{partition} {offset}")
    shown = shell.run(show, place)
    shell.run(replay_one, place)
    applied = eventually(lambda: outcomes(pipeline, "applied"))
    sent = shell.run(replay_class)

    assert count == "2 dead letters"
    assert "class: gave_up" in shown
    assert shown[-1].encode() == an_event("ann")
    assert [one["event_id"] for one in applied] == ["evt_ann"]
    assert sent[0].startswith("sent 2 events to")
    eventually(lambda: len(pipeline.crm.contacts(email="bea@example.com")) == 1)
    assert len(pipeline.crm.contacts(email="ann@example.com")) == 1


def test_a_stretch_of_time_is_sent_once_more(pipeline: Pipeline, shell: Shell) -> None:
    pipeline.send(an_event("ann", name="Ann"))
    assert pipeline.outcome_of("evt_ann")["outcome"] == "applied"
    [contact] = pipeline.crm.contacts(email="ann@example.com")
    path = f"/contacts/{contact['id']}"
    pipeline.crm.call("PATCH", path, json={"name": "from the backup"})
    describe, dry_run, reset, status = STRETCH

    pipeline.worker.terminate()
    assert pipeline.worker.wait(30.0) == 0
    eventually(lambda: "Empty" in shell.run(describe)[-1])
    planned = shell.run(dry_run)
    shell.run(reset)
    pipeline.worker.start()

    assert len([line for line in planned if " 0 " in f"{line} "]) == 3
    eventually(lambda: (pipeline.crm.contact(contact["id"]) or {})["name"] == "Ann")
    first, second = eventually(lambda: two(outcomes(pipeline, "applied")))
    assert (first.get("replay"), second.get("replay")) == (None, True)
    assert first["source"] == second["source"]
    eventually(lambda: "lag: 0" in shell.run(status))


def outcomes(pipeline: Pipeline, outcome: str) -> list[dict[str, Any]]:
    return [one for one in pipeline.outcomes() if one["outcome"] == outcome]


def two(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return found if len(found) == 2 else []
