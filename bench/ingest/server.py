"""One running webhook: started on its core, proved to work, watched in /proc."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from bench.ingest.contestants import TOKEN, Contestant
from bench.ingest.cores import starting_on

START_SECONDS_MAX = 30.0
STOP_SECONDS_MAX = 15.0
ASK_SECONDS = 0.1
LOG_LINES_SHOWN = 10


class NotWorking(Exception):
    """A webhook did not start, or gave a wrong answer; the message says which."""


class Server:
    """A process and what the kernel knows of it."""

    def __init__(self, contestant: Contestant, pid: int) -> None:
        self.contestant = contestant
        self._pid = pid
        self._proc = Path(f"/proc/{pid}")

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """Take no CPU time at all while the context is open."""
        os.kill(self._pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self._pid, signal.SIGCONT)

    @property
    def cpu_seconds(self) -> float:
        """User and system time of all threads since the start (proc(5), stat)."""
        after_name = (self._proc / "stat").read_text().rpartition(")")[2].split()
        return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def rss_mb_max(self) -> float:
        """The most memory that was resident at any time, in 10^6 bytes."""
        for line in (self._proc / "status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
        raise NotWorking(f"{self.contestant.title} has ended")


@contextlib.contextmanager
def running(
    contestant: Contestant, cores: frozenset[int], directory: Path, body: bytes
) -> Iterator[Server]:
    """Run *contestant* until the context ends; it has then stored *body* once.

    Raises:
        NotWorking: It did not answer 202, or 401 to a wrong secret.
    """
    log_path = directory / f"{contestant.name}.log"
    with log_path.open("wb") as log, starting_on(cores):
        process = subprocess.Popen(
            contestant.command,
            env=contestant.environ,
            cwd=directory,  # no .env is found here
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_until_stored(process, contestant, log_path, body)
        _expect(401, contestant, "no-token-of-ours", body)
        yield Server(contestant, process.pid)
    finally:
        _stop(process)


def _wait_until_stored(
    process: subprocess.Popen[bytes], contestant: Contestant, log: Path, body: bytes
) -> None:
    deadline = time.monotonic() + START_SECONDS_MAX
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(httpx.TransportError):
            _expect(202, contestant, TOKEN, body)
            return
        time.sleep(ASK_SECONDS)
    last = log.read_text(errors="replace").splitlines()[-LOG_LINES_SHOWN:]
    raise NotWorking("\n".join([f"{contestant.title} did not start:", *last]))


def _expect(status: int, contestant: Contestant, token: str, body: bytes) -> None:
    answer = httpx.post(
        contestant.url,
        content=body,
        headers={"authorization": f"Bearer {token}"},
        timeout=10.0,
        trust_env=False,
    )
    if answer.status_code != status:
        raise NotWorking(
            f"{contestant.title} answered {answer.status_code} instead of {status}"
        )


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
