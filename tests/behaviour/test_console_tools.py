"""The commands of the how-to pages, run with Kafka's own console tools."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.kafka import java, tools
from sandbox.kafka.jars import class_path
from tests.support.eventually import eventually
from tests.support.pipeline import Pipeline, running_pipeline

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]
ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/how-to/read-and-replay-dead-letters.md"


@pytest.fixture
def pipeline(kafka: str, installation: str, tmp_path: Path) -> Iterator[Pipeline]:
    tools.write(tmp_path / ".sandbox/bin", java.find(), class_path())
    with running_pipeline(kafka, installation, tmp_path) as running:
        yield running


def commands(page: Path) -> list[str]:
    """Return the indented blocks of a page."""
    blocks = re.findall(r"(?:^    .*\n)+", page.read_text(), re.MULTILINE)
    return [re.sub(r"^    ", "", block, flags=re.MULTILINE) for block in blocks]


def run(pipeline: Pipeline, directory: Path, command: str) -> list[str]:
    """Run a page's command against the test's own topics; return what it prints."""
    own = command.replace("keepstep.", f"{pipeline.topics.installation}.")
    done = subprocess.run(
        ["sh", "-c", own],
        cwd=directory,
        env={"KAFKA": pipeline.kafka, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def an_event(user: str) -> bytes:
    profile = {"user_id": f"auth0|{user}", "email": f"{user}@example.com"}
    event = {"id": f"evt_{user}", "type": "user.created", "data": {"object": profile}}
    return json.dumps(event).encode()


def test_the_console_consumer_shows_key_headers_and_the_posted_bytes(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    bodies = [an_event(user) for user in ("ann", "bea", "cem")]
    for body in bodies:
        assert pipeline.send(body) == 202
    read = next(c for c in commands(PAGE) if "print.headers" in c)

    lines = run(
        pipeline, tmp_path, read.replace("keepstep.crm.dead", "keepstep.events")
    )

    parts = [line.split("\t") for line in lines]
    assert {key for _, key, _ in parts} == {"auth0|ann", "auth0|bea", "auth0|cem"}
    assert all(f"event-id:evt_{key[6:]}" in headers for headers, key, _ in parts)
    shown = {hashlib.sha256(value.encode()).digest() for _, _, value in parts}
    assert shown == {hashlib.sha256(body).digest() for body in bodies}


def test_a_dead_letter_is_read_and_replayed_when_the_crm_is_mended(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    pipeline.crm.put_faults({"kind": "error", "status": 500})
    pipeline.send(an_event("ann"))
    assert pipeline.outcome_of("evt_ann")["class"] == "gave_up"
    read, replay = commands(PAGE)[:2]

    [line] = run(pipeline, tmp_path, read)
    pipeline.crm.put_faults()
    run(pipeline, tmp_path, replay)

    headers, key, value = line.split("\t")
    assert "class:gave_up" in headers
    assert "reason:HTTP 500" in headers
    assert (key, value.encode()) == ("auth0|ann", an_event("ann"))
    eventually(lambda: len(pipeline.crm.contacts(email="ann@example.com")) == 1)
    ends = eventually(
        lambda: [o for o in pipeline.outcomes() if o["outcome"] == "applied"]
    )
    assert ends[0]["event_id"] == "evt_ann"
