"""The processes of the story: started, waited for, stopped in order."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
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


@contextlib.contextmanager
def child(
    name: str, arguments: list[str], environ: Mapping[str, str], ready_url: str
) -> Iterator[None]:
    """Run `python …` until the context ends; its output goes to .sandbox/logs.

    Raises:
        NotReady: It ended, or *ready_url* did not answer 200 in time.
    """
    path = Path(".sandbox/logs") / f"{name}.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            env={**os.environ, **environ},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is ours; we stop them in order
        )
    try:
        _wait_until_ready(process, ready_url, path)
        yield
    finally:
        _stop(process)


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


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
