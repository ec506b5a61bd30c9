"""`make run ONCE=1` as a user says it, without what `make` installs first."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.kafka.jars import cache
from sandbox.story.plot import steps
from sandbox.story.step import Step

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.kafka, pytest.mark.timeout(180)]


def story(directory: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    inherited = {n: v for n, v in os.environ.items() if not n.startswith("KEEPSTEP_")}
    return subprocess.run(
        [sys.executable, "-m", "sandbox", "story", "--once"],
        cwd=directory,
        env={**inherited, "PYTHONPATH": str(ROOT), **environ},
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )


def is_told(step: Step, line: str) -> bool:
    """Whether *line* says how the step ends at both destinations."""
    crm, _, billing = line.removeprefix(f"{step.title}: ").partition("; billing ")
    of_both = crm.startswith(step.ends) and line.startswith(f"{step.title}: ")
    return of_both and (billing or crm).startswith(step.ends_at("billing"))


def records(lines: list[str]) -> dict[tuple[str, str], set[str]]:
    """Return the ids of the records that *lines* name, by user and destination."""
    named: dict[tuple[str, str], set[str]] = {}
    for step in steps():
        [row] = [line for line in lines if line.startswith(f"{step.title}: ")]
        for record_id in re.findall(r"-> (\w+)", row):
            kind = record_id.partition("_")[0]
            named.setdefault((str(step.user_id), kind), set()).add(record_id)
    return named


def test_the_story_ends_as_it_must_and_says_so(tmp_path: Path) -> None:
    done = story(tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    for step in steps():
        [row] = [line for line in lines if line.startswith(f"{step.title}: ")]
        assert is_told(step, row)
    assert "The story ended as it must" in lines[-1]
    for names in records(lines).values():
        assert len(names) == 1


def test_the_readme_shows_what_the_story_prints() -> None:
    readme = (ROOT / "README.md").read_text()

    for step in steps():
        assert any(is_told(step, line.strip()) for line in readme.splitlines())


def test_a_story_that_ends_otherwise_says_what_is_wrong(tmp_path: Path) -> None:
    done = story(tmp_path, KEEPSTEP_INGEST_BODY_BYTES_MAX="2048")
    [deletion] = [s for s in steps() if s.title == "the first user is deleted"]

    assert done.returncode == 1, done.stdout + done.stderr
    assert f"{deletion.title}: refused: HTTP 413" in done.stdout
    assert f"wrong: {deletion.title}: the webhook answered 413" in done.stdout
    alive = f"wrong: contact of {deletion.user_id}: status is 'active', "
    assert alive + "not 'deactivated'" in done.stdout
    assert "ended as it must" not in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_without_a_network_a_line_says_what_is_missing(tmp_path: Path) -> None:
    nowhere = "http://127.0.0.1:9"
    done = story(
        tmp_path,
        KEEPSTEP_SANDBOX_CACHE=str(tmp_path / "empty"),
        HTTPS_PROXY=nowhere,
        HTTP_PROXY=nowhere,
    )

    assert cache() != tmp_path / "empty"
    assert done.returncode == 1
    assert "cannot be downloaded" in done.stdout
    assert "check the network" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
