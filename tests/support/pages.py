"""The commands of the how-to pages, run as a reader would run them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from sandbox.kafka import java, tools
from sandbox.kafka.jars import class_path
from tests.support.pipeline import Pipeline
from tests.support.service import ROOT, shared_environment

RUN_SECONDS_MAX = 60


class Page:
    """One page; its commands are its indented blocks, in their order."""

    def __init__(self, name: str) -> None:
        text = (ROOT / "docs/how-to" / name).read_text()
        blocks = re.findall(r"(?:^    .*\n|^\n(?=    ))+", text, re.MULTILINE)
        unindented = (re.sub("^    ", "", b, flags=re.MULTILINE) for b in blocks)
        self.commands = [command.lstrip("\n") for command in unindented]


class Shell:
    """A directory with Kafka's tools, a `keepstep`, and what both have to know."""

    def __init__(self, pipeline: Pipeline, directory: Path) -> None:
        tools.write(directory / ".sandbox/bin", java.find(), class_path())
        program = directory / "bin" / "keepstep"
        program.parent.mkdir()
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m console "$@"\n')
        program.chmod(0o755)
        self._directory = directory
        self._installation = pipeline.topics.installation
        self._env = shared_environment(pipeline.kafka, self._installation) | {
            "KAFKA": pipeline.kafka,
            "PATH": f"{program.parent}:/usr/bin:/bin",
            "PYTHONPATH": str(ROOT),
            "KEEPSTEP_WORKER_ADMIN_PORT": str(pipeline.worker.admin_port),
        }

    def run(self, command: str, *changes: tuple[str, str]) -> list[str]:
        """Run a page's command against the test's own topics; return what it prints.

        What a page uses as an example is replaced by the second of a pair of *changes*.
        """
        own = command.replace("keepstep.", f"{self._installation}.")
        for example, value in changes:
            assert example in own, f"{example} in {command}"
            own = own.replace(example, value)
        done = subprocess.run(
            ["sh", "-c", own],
            cwd=self._directory,
            env=self._env,
            capture_output=True,
            text=True,
            timeout=RUN_SECONDS_MAX,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.splitlines()
