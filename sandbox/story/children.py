"""The processes of the story: started, waited for, stopped in order."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

READY_SECONDS_MAX = 30.0
STOP_SECONDS_MAX = 30.0
LOG_LINES_SHOWN = 5


class NotReady(Exception):
    """A process did not start; the message holds the end of its log."""


def free_port(preferred: int) -> int:
    """Return *preferred* if nobody listens there, else some free port."""
    for port in (preferred, 0):
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    raise NotReady("no port on 127.0.0.1 is free")


@dataclass(frozen=True)
class Child:
    """One `python …`; it is up when *ready_url* answers 200."""

    name: str
    arguments: Sequence[str]
    environ: Mapping[str, str]
    ready_url: str

    @property
    def log(self) -> Path:
        """The file that its output goes to."""
        return Path(".sandbox/logs") / f"{self.name}.log"


@contextlib.contextmanager
def running(*children: Child) -> Iterator[None]:
    """Run *children*, started side by side, until the context ends.

    Raises:
        NotReady: One ended, or was not up in time.
    """
    started: list[subprocess.Popen[bytes]] = []
    try:
        started.extend(map(_start, children))
        for process, child in zip(started, children, strict=True):
            _wait_until_ready(process, child.ready_url, child.log)
        yield
    finally:
        _stop(started)


def _start(child: Child) -> subprocess.Popen[bytes]:
    child.log.parent.mkdir(parents=True, exist_ok=True)
    with child.log.open("wb") as log:
        return subprocess.Popen(
            [sys.executable, *child.arguments],
            env={**os.environ, **child.environ},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is ours; we stop them in order
        )


def _wait_until_ready(
    process: subprocess.Popen[bytes], ready_url: str, log: Path
) -> None:
    deadline = time.monotonic() + READY_SECONDS_MAX
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(ready_url, timeout=1.0, trust_env=False).is_success:
                return
        time.sleep(0.1)
    last = log.read_text(errors="replace").splitlines()[-LOG_LINES_SHOWN:]
    raise NotReady("\n".join([f"did not start, see {log}:", *last]))


def _stop(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        process.send_signal(signal.SIGTERM)
    for process in processes:
        try:
            process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
