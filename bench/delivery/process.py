"""A process of the bench, as the kernel sees it, and what goes on beside it."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from bench.ingest.missing import Missing

STOP_SECONDS_MAX = 30.0
LOG_LINES_SHOWN = 10
_TICKS = os.sysconf("SC_CLK_TCK")


class NotWorking(Exception):
    """A process did not do its work; the message says which, and its last words."""


class Running:
    """A started process; its output goes to a log."""

    def __init__(self, title: str, process: subprocess.Popen[bytes], log: Path) -> None:
        self.title = title
        self._process = process
        self._log = log

    @property
    def cpu_seconds(self) -> float:
        """User and system time of all threads since the start."""
        return _cpu_seconds(self._process.pid)

    @property
    def rss_mb_max(self) -> float:
        """The most memory that was resident at any time, in 10^6 bytes."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        [line] = [s for s in status.splitlines() if s.startswith("VmHWM:")]
        return int(line.split()[1]) * 1024 / 1e6

    def check(self) -> None:
        """Raise `NotWorking` where the process has ended."""
        if self._process.poll() is not None:
            raise self.failed(f"ended with exit code {self._process.returncode}")

    def kill(self) -> None:
        """End the process without a word, as kill -9 and a lost machine do."""
        self._process.kill()
        self._process.wait()

    def failed(self, what: str) -> NotWorking:
        """Return the exception that says *what* went wrong, and the log's end."""
        last = self._log.read_text(errors="replace").splitlines()[-LOG_LINES_SHOWN:]
        return NotWorking("\n".join([f"{self.title} {what}:", *last]))


@contextlib.contextmanager
def running(
    title: str, command: Sequence[str], environ: Mapping[str, str], directory: Path
) -> Iterator[Running]:
    """Run *command* in *directory* until the context ends."""
    log_path = directory / "log"
    with log_path.open("ab") as log:
        process = subprocess.Popen(
            command,
            env=dict(environ),
            cwd=directory,  # no .env is found here
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        yield Running(title, process, log_path)
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """End *process* as an operator would; kill it where that takes too long."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def foreign_cpu_seconds() -> float:
    """Return the machine's CPU time that is neither ours nor our child processes'.

    Only the difference of two values says something.

    Raises:
        Missing: There is no /proc.
    """
    if not Path("/proc/stat").exists():
        raise Missing("this comparison reads /proc and needs Linux")
    user, nice, system, _, _, irq, softirq, *_ = (
        int(ticks)
        for ticks in Path("/proc/stat").read_text().splitlines()[0].split()[1:]
    )
    ours = sum(_cpu_seconds(pid) for pid in (os.getpid(), *_children()))
    return (user + nice + system + irq + softirq) / _TICKS - ours


def _children() -> Iterator[int]:
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(FileNotFoundError):  # the thread has ended
            yield from map(int, (task / "children").read_text().split())


def _cpu_seconds(pid: int) -> float:
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / _TICKS
