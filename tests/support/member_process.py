"""A member of a consumer group in a process of its own, which tests freeze and kill.

It writes one JSON line per thing that it is told, and one for its lease every 50 ms.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from events.topics import Topics
from tests.support.members import Collector, running_member
from tests.support.service import ROOT

LEASE_SECONDS = 0.05


class Reporting(Collector):
    async def assigned(self, partitions: frozenset[int]) -> None:
        await super().assigned(partitions)
        say("assigned", partitions=sorted(partitions))

    async def revoked(self, *, lost: bool) -> None:
        say("revoked", lost=lost, lease_until=self.app.membership.lease_until)
        await super().revoked(lost=lost)


def say(what: str, **facts: Any) -> None:
    line = json.dumps({"what": what, "at": time.monotonic(), **facts})
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def main(kafka: str, installation: str, worker_id: str) -> None:
    say("started")
    topics, hooks = Topics(installation, 3), Reporting()
    async with running_member(kafka, topics, hooks, worker_id=worker_id or None) as app:
        while not app.crashed:
            now, membership = time.monotonic(), app.membership
            holds, until = membership.holds(now), membership.lease_until
            say("lease", holds=holds, until=until, member=membership.is_member)
            await asyncio.sleep(LEASE_SECONDS)


class MemberProcess:
    """The process, as a test sees it."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self._process = process
        self._log = log

    def said(self, what: str) -> list[dict[str, Any]]:
        lines = self._log.read_text().splitlines(keepends=True)
        told = [json.loads(line) for line in lines if line.endswith("}\n")]
        return [line for line in told if line["what"] == what]

    def freeze(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(10)


@contextmanager
def member_process(
    kafka: str, installation: str, directory: Path, worker_id: str = ""
) -> Iterator[MemberProcess]:
    """Start a member, and kill it when the block ends."""
    log = directory / f"member-{time.monotonic_ns()}.log"
    command = [sys.executable, "-m", "tests.support.member_process"]
    with log.open("ab") as out:
        process = subprocess.Popen(
            [*command, kafka, installation, worker_id],
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=out,
            cwd=directory,
        )
    try:
        yield MemberProcess(process, log)
    finally:
        process.kill()
        process.wait(10)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
