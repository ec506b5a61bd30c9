"""The CRM double as a process, and what it was asked."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import msgspec

from bench.budget.crm import Arrival
from bench.delivery import process

ROOT = Path(__file__).parents[2]
CALLS, PER_SECONDS, DELAY_MS = 190, 10, 20


class Double:
    """A running CRM double."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._arrivals: list[Arrival] = []

    def arrivals(self) -> list[Arrival]:
        """Return every call so far, in the order in which they arrived."""
        known = len(self._arrivals)
        answer = httpx.get(
            f"{self.url}/arrivals/{known}", timeout=30.0, trust_env=False
        )
        self._arrivals += msgspec.json.decode(answer.content, type=list[Arrival])
        return self._arrivals


@contextlib.contextmanager
def running() -> Iterator[Double]:
    """Run a double that takes `CALLS` in any `PER_SECONDS`."""
    told = (str(CALLS), str(PER_SECONDS), str(DELAY_MS))
    started = subprocess.Popen(
        [sys.executable, "-m", "bench.budget.crm", *told],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    )
    try:
        assert started.stdout is not None  # noqa: S101 -- it is a pipe
        yield Double(int(started.stdout.readline()))
    finally:
        process.stop(started)
