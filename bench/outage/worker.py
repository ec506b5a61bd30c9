"""A running worker, and what it holds from moment to moment."""

from __future__ import annotations

import os
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from bench.delivery import process
from bench.delivery.contestants import CRM_TOKEN, Contestant
from bench.delivery.process import Running
from bench.isolation.turn import wait_until_ready

PARKED = re.compile(r"^keepstep_worker_parked\{.*\} (\S+)$", re.MULTILINE)
SAMPLE_SECONDS = 1.0
ANSWER_SECONDS_MAX = 30.0
MB = 1e6


class Worker(Running):
    """A worker's process, with its memory as it is now."""

    @property
    def rss_mb(self) -> float:
        """The memory that is resident, in 10^6 bytes."""
        statm = Path(f"/proc/{self._process.pid}/statm").read_text()
        return int(statm.split()[1]) * os.sysconf("SC_PAGE_SIZE") / MB


@contextmanager
def started(worker: Contestant, crm_url: str) -> Iterator[Worker]:
    """Run *worker* until the context ends; it serves its partitions by then."""
    told = {"BENCH_CRM_URL": crm_url, "BENCH_CRM_TOKEN": CRM_TOKEN}
    with TemporaryDirectory(prefix="bench-outage-") as directory:
        log = Path(directory) / "log"
        with log.open("wb") as output:
            opened = subprocess.Popen(
                worker.command,
                env={**worker.environ, **told},
                cwd=directory,  # no .env is found here
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            running = Worker(worker.title, opened, log)
            wait_until_ready(running, worker.metrics_port)
            yield running
        finally:
            process.stop(opened)


@dataclass
class Samples:
    """What a worker held, looked at once a second while `taken`."""

    worker: Worker
    metrics_port: int | None
    rss_mb: list[float] = field(default_factory=list)
    parked_max: int = 0

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Look as long as the block runs."""
        stop = threading.Event()

        def run() -> None:
            while not stop.wait(SAMPLE_SECONDS):
                self._look()

        self._look()
        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def _look(self) -> None:
        self.rss_mb.append(self.worker.rss_mb)
        url = f"http://127.0.0.1:{self.metrics_port}/metrics"
        text = httpx.get(url, timeout=ANSWER_SECONDS_MAX, trust_env=False).text
        parked = sum(int(float(found)) for found in PARKED.findall(text))
        self.parked_max = max(self.parked_max, parked)
