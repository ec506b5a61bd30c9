"""The page that adds a destination: its commands, run from an empty directory.

Real: the commands, the members' directory over HTTP, and in the end Kafka, ingest and
the worker.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from tests.support.eventually import eventually
from tests.support.ingest import running_ingest
from tests.support.members_directory import MembersDirectory, members_directory
from tests.support.pages import Page
from tests.support.service import ROOT, shared_environment
from tests.support.worker import Worker

SETTINGS, FILE, EVENT, OFFLINE, CHECK, ONLINE, TOPICS, WORKER, PRESET = Page(
    "add-a-destination.md"
).commands
EXAMPLE_URL = "https://members.example.com/api/v2"


@dataclass
class Newcomer:
    """A reader of the page, with an empty directory and a `keepstep`."""

    directory: Path
    members: MembersDirectory
    env: dict[str, str] = field(default_factory=dict)

    def run(self, command: str, code: int = 0) -> str:
        """Run a block of the page; return what it prints."""
        done = subprocess.run(
            ["sh", "-c", command.replace(EXAMPLE_URL, self.members.base_url)],
            cwd=self.directory,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr


@pytest.fixture
def newcomer(tmp_path: Path) -> Iterator[Newcomer]:
    program = tmp_path / "bin" / "keepstep"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m console "$@"\n')
    program.chmod(0o755)
    home = tmp_path / "home"
    home.mkdir()
    env = {"PATH": f"{program.parent}:/usr/bin:/bin", "PYTHONPATH": str(ROOT)}
    with members_directory() as members:
        yield Newcomer(home, members, env)


def test_the_page_leads_from_nothing_to_a_file_that_works(newcomer: Newcomer) -> None:
    for command in (SETTINGS, FILE, EVENT):
        newcomer.run(command)
    newcomer.members.add({"email": "joann@example.com"})
    newcomer.members.add({"email": "ann@example.com"})

    offline = newcomer.run(OFFLINE)
    asked_offline = len(newcomer.members.calls)
    checked, tried = newcomer.run(CHECK), newcomer.run(ONLINE)

    assert f"POST {newcomer.members.base_url}/members\n" in offline
    assert '"phone": "+15555550100"' in offline
    assert "outcome: applied (created)" in offline
    assert asked_offline == 0
    assert "auth.value = set" in checked
    assert "members: answered in" in checked
    assert "  -> 2\n" in tried
    assert f"PATCH {newcomer.members.base_url}/members/2\n" in tried
    assert all(call.startswith("GET ") for call in newcomer.members.calls)


def test_the_file_over_a_preset_is_whole(newcomer: Newcomer) -> None:
    for command in (SETTINGS, EVENT, PRESET):
        newcomer.run(command)
    newcomer.env["SALES_TOKEN"] = "t"

    tried = newcomer.run("keepstep try sales event.json --offline")

    assert "POST https://api.hubapi.com/crm/objects/2026-03/contacts\n" in tried


@pytest.mark.kafka
@pytest.mark.timeout(180)
def test_its_worker_brings_an_event_to_the_new_destination(
    newcomer: Newcomer, kafka: str, installation: str
) -> None:
    for command in (SETTINGS, FILE, EVENT):
        newcomer.run(command)
    newcomer.env |= shared_environment(kafka, installation) | {
        "PATH": newcomer.env["PATH"],
        "PYTHONPATH": str(ROOT),
        "KEEPSTEP_WORKER_ADMIN_PORT": "0",
    }
    newcomer.members.add({"email": "joann@example.com"})
    file = newcomer.directory / "destinations" / "members.toml"
    file.write_text("deletion_grace_seconds = 1\n" + file.read_text())

    newcomer.run(TOPICS)
    worker = Worker(["console", *WORKER.split()[1:]], newcomer.env, newcomer.directory)
    try:
        worker.start()
        with running_ingest(kafka, installation) as ingest:
            for body in _life(newcomer.directory):
                answer = httpx.post(
                    ingest.url,
                    content=body,
                    headers=ingest.authorization,
                    trust_env=False,
                )
                assert answer.status_code == 202
            eventually(lambda: newcomer.members.members.get(2, {}).get("suspended"))
    finally:
        worker.close()

    assert newcomer.members.members[2]["profile"] == {
        "email": "ann@example.com",
        "display_name": "Ann",
        "contact": {"phone": "+15555550100"},
        "auth0_id": "auth0|ann",
    }


def _life(directory: Path) -> Iterator[bytes]:
    """Yield the event of the page, and the deletion of its user."""
    created = (directory / "event.json").read_bytes()
    deleted = json.loads(created)
    deleted |= {"id": "evt_2", "type": "user.deleted", "time": "2026-02-01T12:01:00Z"}
    deleted["data"]["object"] = {"user_id": "auth0|ann"}
    yield created
    yield json.dumps(deleted).encode()
