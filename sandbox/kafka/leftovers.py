"""Ends brokers whose starter was killed before it could end them."""

from __future__ import annotations

import contextlib
import fcntl
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


class Note:
    """Says that a broker runs, for as long as its starter lives.

    The starter holds a lock on the note: a name in the list of processes may change,
    and a number may come again.
    """

    def __init__(self, running: Running) -> None:
        self._path = _directory() / f"{running.pid}.json"
        unnoticed = self._path.with_suffix(".part")
        self._file = unnoticed.open("w")
        fcntl.flock(self._file, fcntl.LOCK_EX)
        self._file.write(json.dumps(asdict(running)))
        self._file.flush()
        unnoticed.replace(self._path)

    def remove(self) -> None:
        """Note that the broker was ended in order."""
        self._path.unlink(missing_ok=True)
        self._file.close()


def noted() -> list[Running]:
    """Return the brokers that were started and not ended in order."""
    return [running for path in _notes() if (running := _read(path)) is not None]


def end_all() -> None:
    """End every broker whose starter has gone without ending it."""
    for path in _notes():
        with contextlib.suppress(OSError), path.open() as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # else its starter lives
            running = _read(path)
            if running is not None and running.properties in _command(running.pid):
                _end(running.pid)
            path.unlink(missing_ok=True)


def _notes() -> list[Path]:
    return list(_directory().glob("*.json"))


def _read(path: Path) -> Running | None:
    with contextlib.suppress(OSError, ValueError, TypeError):
        return Running(**json.loads(path.read_text()))
    return None


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
