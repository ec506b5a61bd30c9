"""A real process of Keepstep, started as an operator starts it, on free ports."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from pathlib import Path

ROOT = Path(__file__).parents[2]
USER_REF_SECRET = "0b7de16fa2c84d95b3e8f17c6a4d2059"
START_SECONDS_MAX = 30.0


def shared_environment(bootstrap_servers: str, installation: str) -> dict[str, str]:
    """Return what every process of *installation* is told, and nothing of ours."""
    inherited = {n: v for n, v in os.environ.items() if not n.startswith("KEEPSTEP_")}
    return inherited | {
        "KEEPSTEP_INSTALLATION": installation,
        "KEEPSTEP_PARTITIONS": "3",
        "KEEPSTEP_USER_REF_SECRET": USER_REF_SECRET,
        "KEEPSTEP_KAFKA_BOOTSTRAP_SERVERS": bootstrap_servers,
        "KEEPSTEP_KAFKA_REPLICATION_FACTOR": "1",
    }


class Service:
    """One process; `started` is the line of its log that holds its ports."""

    started: str

    def __init__(
        self, arguments: list[str], env: Mapping[str, str], directory: Path
    ) -> None:
        self.arguments = arguments
        self.env = dict(env)
        self.cwd = directory
        self.log_path = directory / f"{self.started}.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.admin_port = 0

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    @property
    def rss_mib(self) -> float:
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    @property
    def log(self) -> str:
        return self.log_path.read_text() if self.log_path.exists() else ""

    def start(self) -> None:
        """Start the process, and return once /readyz says ok."""
        before = len(self.log)
        self.launch()
        assert self.process is not None
        deadline = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < deadline and self.process.poll() is None:
            self._learn_ports(self.log[before:])
            if self.admin_port and self.ready():
                return
            time.sleep(0.02)
        self.kill()
        raise AssertionError(f"not ready:\n{self.log[before:]}")

    def launch(self) -> None:
        """Start the process, and do not wait."""
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *self.arguments],
                env={**self.env, "PYTHONPATH": str(ROOT)},
                cwd=self.cwd,
                stdout=log,
                stderr=log,
            )
        self.admin_port = 0

    def learn(self, said: dict[str, int]) -> None:
        """Take the ports out of the line that says it has started."""
        self.admin_port = said["admin_port"]

    def ready(self) -> bool:
        """Whether /readyz answers 200 now."""
        return self.admin("/readyz")[0] == 200

    def admin(self, path: str) -> tuple[int, str]:
        """Return status and text of the admin port, 0 where nobody answers."""
        connection = HTTPConnection("127.0.0.1", self.admin_port, timeout=5)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except (OSError, HTTPException):
            return 0, ""
        finally:
            connection.close()

    def terminate(self) -> None:
        """Send SIGTERM and do not wait."""
        os.kill(self.pid, signal.SIGTERM)

    def wait(self, seconds_max: float = 15.0) -> int:
        """Return the exit code."""
        assert self.process is not None
        return self.process.wait(seconds_max)

    def kill(self) -> None:
        """End it as a power cut would."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)

    def close(self) -> None:
        """End it as an operator would; kill it where that takes too long."""
        if self.process is None or self.process.poll() is not None:
            return
        self.terminate()
        try:
            self.wait(30.0)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def _learn_ports(self, log: str) -> None:
        for line in log.splitlines():
            if f'"{self.started}"' in line and line.endswith("}"):
                self.learn(json.loads(line))
