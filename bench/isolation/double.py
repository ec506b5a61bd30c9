"""The CRM double as a process."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import msgspec

from bench.delivery import process
from bench.isolation.crm import Seen

ROOT = Path(__file__).parents[2]
REPORT_SECONDS_MAX = 60.0


class Double:
    """A running CRM double."""

    def __init__(self, started: subprocess.Popen[bytes], port: int) -> None:
        self._process = started
        self.url = f"http://127.0.0.1:{port}"

    def seen(self) -> Seen:
        """Return what it was asked so far; it must not be away."""
        answer = httpx.get(
            f"{self.url}/seen", timeout=REPORT_SECONDS_MAX, trust_env=False
        )
        return msgspec.json.decode(answer.content, type=Seen)

    def go_away(self) -> None:
        """Refuse connections, and cut those that are open."""
        self._process.send_signal(signal.SIGUSR1)

    def come_back(self) -> None:
        """Take connections again, on the same port."""
        self._process.send_signal(signal.SIGUSR2)


@contextlib.contextmanager
def running(delay_ms: int, one_in: int = 0) -> Iterator[Double]:
    """Run a double that answers each call *delay_ms* after it came.

    One contact in *one_in* is answered 503, for ever; with 0 nobody is.
    """
    started = subprocess.Popen(
        [sys.executable, "-m", "bench.isolation.crm", "0", str(delay_ms), str(one_in)],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    )
    try:
        assert started.stdout is not None  # noqa: S101 -- it is a pipe
        yield Double(started, int(started.stdout.readline()))
    finally:
        process.stop(started)
