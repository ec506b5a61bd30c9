"""The real webhook process, started as an operator starts it, on free ports."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[2]
SECRET = "f2a91c3b7d604e58a1c9e0b7d4523f68"
USER_REF_SECRET = "0b7de16fa2c84d95b3e8f17c6a4d2059"
START_SECONDS_MAX = 20.0


def environment(
    bootstrap_servers: str, installation: str, **settings: str
) -> dict[str, str]:
    """Return the environment of a process of *installation*, with *settings* on top."""
    inherited = {n: v for n, v in os.environ.items() if not n.startswith("KEEPSTEP_")}
    return inherited | {
        "KEEPSTEP_INSTALLATION": installation,
        "KEEPSTEP_PARTITIONS": "3",
        "KEEPSTEP_USER_REF_SECRET": USER_REF_SECRET,
        "KEEPSTEP_KAFKA_BOOTSTRAP_SERVERS": bootstrap_servers,
        "KEEPSTEP_KAFKA_REPLICATION_FACTOR": "1",
        "KEEPSTEP_INGEST_PORT": "0",
        "KEEPSTEP_INGEST_ADMIN_PORT": "0",
        "KEEPSTEP_INGEST_BEARER_TOKENS": SECRET,
        **settings,
    }


class Ingest:
    """One `python -m ingest`; after the first start its ports stay the same."""

    secret = SECRET

    def __init__(self, env: Mapping[str, str], directory: Path) -> None:
        self.env = dict(env)
        self.log_path = directory / "ingest.log"
        self.cwd = directory
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def port(self) -> int:
        return int(self.env["KEEPSTEP_INGEST_PORT"])

    @property
    def url(self) -> str:
        scheme = "https" if "KEEPSTEP_INGEST_TLS_KEY_FILE" in self.env else "http"
        return f"{scheme}://127.0.0.1:{self.port}/webhooks/auth0"

    @property
    def admin_url(self) -> str:
        return f"http://127.0.0.1:{self.env['KEEPSTEP_INGEST_ADMIN_PORT']}"

    @property
    def authorization(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.secret}"}

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
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "ingest"],
                env={**self.env, "PYTHONPATH": str(ROOT)},
                cwd=self.cwd,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            self._learn_ports(self.log[before:])
            if self.env["KEEPSTEP_INGEST_PORT"] != "0" and self.ready():
                return
            time.sleep(0.02)
        self.kill()
        raise AssertionError(f"ingest did not get ready:\n{self.log[before:]}")

    def ready(self) -> bool:
        """Whether /readyz answers 200 now."""
        return self.admin("/readyz")[0] == 200

    def admin(self, path: str) -> tuple[int, str]:
        """Return status and text of the admin port, 0 where nobody answers."""
        port = int(self.env["KEEPSTEP_INGEST_ADMIN_PORT"])
        connection = HTTPConnection("127.0.0.1", port, timeout=5)
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
            self.wait()
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def _learn_ports(self, log: str) -> None:
        for line in log.splitlines():
            if '"ingest.started"' in line and line.endswith("}"):
                said = json.loads(line)
                self.env["KEEPSTEP_INGEST_PORT"] = str(said["port"])
                self.env["KEEPSTEP_INGEST_ADMIN_PORT"] = str(said["admin_port"])


@contextmanager
def running_ingest(
    bootstrap_servers: str, installation: str, **settings: str
) -> Iterator[Ingest]:
    """Start ingest against topics that exist; *settings* are environment names."""
    with TemporaryDirectory(prefix="ingest-") as directory:
        env = environment(bootstrap_servers, installation, **settings)
        ingest = Ingest(env, Path(directory))
        try:
            ingest.start()
            yield ingest
        finally:
            ingest.close()
