"""Workers of one group, each with a token of its own, under the limit of the double."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from bench.budget.double import CALLS, PER_SECONDS
from bench.delivery import contestants, process
from bench.delivery.contestants import CRM_TOKEN
from bench.isolation.turn import wait_until_ready
from bench.outage import worker as outage

UNLIMITED = "{calls = 100_000, per_seconds = 1}"
LIMIT = f"{{calls = {CALLS}, per_seconds = {PER_SECONDS}}}"
GAUGE = re.compile(r"^keepstep_worker_(\w+)\{.*\} (\S+)$", re.MULTILINE)
ANSWER_SECONDS_MAX = 30.0


class Worker(outage.Worker):
    """A worker's process."""

    def __init__(
        self, title: str, opened: subprocess.Popen[bytes], log: Path, port: int
    ) -> None:
        super().__init__(title, opened, log)
        self._port = port

    def wait_until_ready(self) -> None:
        """Return when it serves its partitions."""
        wait_until_ready(self, self._port)

    def gauges(self) -> Counter[str]:
        """Return what it tells of itself, of all partitions together."""
        url = f"http://127.0.0.1:{self._port}/metrics"
        text = httpx.get(url, timeout=ANSWER_SECONDS_MAX, trust_env=False).text
        found = Counter[str]()
        for name, value in GAUGE.findall(text):
            found[name] += int(float(value))
        return found

    def stop(self) -> None:
        """End it as an operator would; a second time does nothing."""
        process.stop(self._process)


class Group:
    """Starts workers of the installation that is named for *run*."""

    def __init__(self, kafka: str, run: str, crm_url: str, stack: ExitStack) -> None:
        self._kafka, self._run, self._crm_url, self._stack = kafka, run, crm_url, stack
        directory = TemporaryDirectory(prefix="bench-budget-")
        self._directory = Path(stack.enter_context(directory))
        text = (contestants.HERE / "destinations" / "crm.toml").read_text()
        assert UNLIMITED in text  # noqa: S101 -- the two files go together
        (self._directory / "crm.toml").write_text(text.replace(UNLIMITED, LIMIT))

    def logs(self) -> list[Path]:
        """Return the logs of all workers so far."""
        return sorted(self._directory.glob("*.log"))

    def start(self, name: str) -> Worker:
        """Start a worker whose calls bear *name*; it ends with the group at latest."""
        member = contestants.ours(self._kafka, self._run)
        told = {
            "BENCH_CRM_URL": self._crm_url,
            "BENCH_CRM_TOKEN": f"{name}.{CRM_TOKEN}",
            "KEEPSTEP_WORKER_DESTINATIONS_DIR": str(self._directory),
        }
        log = self._directory / f"{name}.log"
        with log.open("ab") as output:
            opened = subprocess.Popen(
                member.command,
                env={**member.environ, **told},
                cwd=self._directory,  # no .env is found here
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        assert member.metrics_port is not None  # noqa: S101 -- ours has one
        worker = Worker(f"worker {name}", opened, log, member.metrics_port)
        self._stack.callback(worker.stop)
        return worker


@contextmanager
def group(kafka: str, run: str, crm_url: str) -> Iterator[Group]:
    """Give a group whose workers end with the context."""
    with ExitStack() as stack:
        yield Group(kafka, run, crm_url, stack)
