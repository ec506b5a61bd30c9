"""A busy process frozen beyond its lease sends nothing when it wakes."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.eventually import eventually
from tests.support.first_bytes import counting_first_bytes
from tests.support.leased_caller import LEASE_SECONDS

ROOT = Path(__file__).parents[2]
ROUNDS = 10
LATE_MAX = 2
REQUESTS_MIN = 100
pytestmark = pytest.mark.alone
QUIET_SECONDS = 0.1


class Caller:
    """The process that calls, between two leases."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        assert process.stdin is not None
        assert process.stdout is not None
        self._says, self._hears = process.stdout, process.stdin

    def begin(self) -> None:
        self._hears.write("again\n")
        self._hears.flush()

    def lost(self, seconds_max: float) -> bool:
        """Whether it says within so long that its lease is lost and all is ended."""
        if not select.select([self._says], [], [], seconds_max)[0]:
            return False
        assert self._says.readline() == "lost\n"
        return True

    def freeze(self) -> None:
        os.kill(self._process.pid, signal.SIGSTOP)
        status = Path(f"/proc/{self._process.pid}/stat")
        eventually(lambda: status.read_text().rpartition(") ")[2].startswith("T"))

    def wake(self) -> None:
        os.kill(self._process.pid, signal.SIGCONT)


@contextlib.contextmanager
def calling(loop: str, base_url: str) -> Iterator[Caller]:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.support.leased_caller", loop, base_url],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield Caller(process)
        finally:
            process.kill()


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_no_request_begins_after_a_freeze_longer_than_the_lease(
    loop: str, scheme: str
) -> None:
    late: list[list[bytes]] = []
    with (
        counting_first_bytes(scheme, closes_every=5) as server,
        calling(loop, server.base_url) as caller,
    ):
        for _ in range(ROUNDS):
            enough = len(server.requests) + REQUESTS_MIN
            caller.begin()
            eventually(lambda enough=enough: len(server.requests) >= enough)  # type: ignore[misc]
            caller.freeze()
            woken_at = time.monotonic() + LEASE_SECONDS
            eventually(lambda at=woken_at: time.monotonic() > at)  # type: ignore[misc]
            eventually(lambda: server.quiet(QUIET_SECONDS))
            before = len(server.requests)
            caller.wake()
            assert caller.lost(seconds_max=30.0)
            eventually(lambda: server.quiet(QUIET_SECONDS))
            late.append(server.requests[before:])

    # One write can be between its question and the kernel when the freeze comes, about
    # once in 250 freezes of a process that does nothing but call.
    assert max(map(len, late)) <= 1, late
    assert sum(map(len, late)) <= LATE_MAX, late
