"""Ends brokers whose starter was killed before it could end them."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from sandbox.kafka.jars import cache

END_SECONDS_MAX = 10.0


@dataclass(frozen=True)
class Running:
    """A broker, who started it, and the file that only its command line names."""

    pid: int
    starter: int
    properties: str


def note(running: Running) -> Path:
    """Write down that the broker runs; the path is to be removed at its end."""
    path = _directory() / f"{running.pid}.json"
    path.write_text(json.dumps(asdict(running)))
    return path


def noted() -> list[Running]:
    """Return the brokers that were started and not ended in order."""
    found = []
    for path in _directory().glob("*.json"):
        with contextlib.suppress(OSError, ValueError, TypeError):
            found.append(Running(**json.loads(path.read_text())))
    return found


def end_all() -> None:
    """End every broker whose starter has gone without ending it."""
    for running in noted():
        if "python" in _command(running.starter):
            continue
        if running.properties in _command(running.pid):
            _end(running.pid)
        (_directory() / f"{running.pid}.json").unlink(missing_ok=True)


def _directory() -> Path:
    directory = cache() / "running"
    directory.mkdir(parents=True, exist_ok=True)
    return directory


def _command(pid: int) -> str:
    """Return the command line of a process, empty where it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    except FileNotFoundError:
        if Path("/proc/self").exists():
            return ""
    listed = subprocess.run(
        ["ps", "-o", "command=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
    )
    return listed.stdout


def _end(pid: int) -> None:
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + END_SECONDS_MAX
    while _command(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
