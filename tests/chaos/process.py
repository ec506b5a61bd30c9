"""One process of the run, with a log file of its own."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import httpx

START_SECONDS_MAX = 40.0
STOP_SECONDS_MAX = 40.0
ROOT = Path(__file__).parents[2]


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Process:
    """`python -m …`; `ready` asks *ready_url*."""

    def __init__(
        self, arguments: list[str], env: Mapping[str, str], log: Path, ready_url: str
    ) -> None:
        self._arguments = arguments
        self._env = {**env, "PYTHONPATH": str(ROOT)}
        self._log = log
        self._ready_url = ready_url
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, **env: str) -> None:
        """Start it and do not wait."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", *self._arguments],
                env={**self._env, **env},
                cwd=self._log.parent,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the harness alone
            )

    def wait_until_ready(self) -> None:
        """Return when it answers; fails where it ends, or takes too long."""
        deadline = time.monotonic() + START_SECONDS_MAX
        while not self.ready():
            ended = self._process is None or self._process.poll() is not None
            assert not ended, f"has ended: see {self._log}"
            assert time.monotonic() < deadline, f"not ready: see {self._log}"
            time.sleep(0.1)

    def ready(self) -> bool:
        """Whether it answers, and says that it can work."""
        with contextlib.suppress(httpx.HTTPError):
            answer = httpx.get(self._ready_url, timeout=2.0, trust_env=False)
            return answer.is_success
        return False

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, unless it has ended."""
        if self._process is not None:
            self._process.send_signal(number)

    def wait(self) -> int:
        """Return its exit code when it has ended; below 0 it is the signal's."""
        assert self._process is not None
        return self._process.wait()

    def stop(self) -> int:
        """End it in order; kill it where that takes too long. Returns its exit code."""
        self.signal(signal.SIGTERM)
        self.signal(signal.SIGCONT)  # a frozen one hears nothing else
        assert self._process is not None
        try:
            return self._process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()
