"""The real example CRM in a process of its own, and what a test asks of it."""

import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import httpx
import pytest

ROOT = Path(__file__).parents[2]
READY_SECONDS_MAX = 20.0
STOP_SECONDS_MAX = 5.0


class SandboxCrm:
    """A CRM that can be stopped, killed and started again on the same port.

    Its contacts and history are in a file and survive that; its faults do not.
    """

    def __init__(self, database: Path) -> None:
        self.database = database
        self.token = "crm-token-of-a-test"
        self.port = 0
        self.base_url = ""
        self._process: subprocess.Popen[str] | None = None
        self._client = httpx.Client(trust_env=False, timeout=10.0)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._client.close()

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def start(self, *arguments: str) -> None:
        """Return once the CRM answers; more command-line *arguments* may be given."""
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "sandbox.crm"),
                *("--port", str(self.port), "--database", str(self.database)),
                *arguments,
            ],
            cwd=ROOT,
            env={"KEEPSTEP_SANDBOX_CRM_TOKEN": self.token, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            text=True,
        )
        output = self._process.stdout
        assert output is not None
        assert select.select([output], [], [], READY_SECONDS_MAX)[0], "no CRM in time"
        line = output.readline()
        assert line.startswith("CRM ready at "), f"the CRM said {line!r}"
        self.base_url = line.split()[3].rstrip(",")
        self.port = httpx.URL(self.base_url).port or 0

    def stop(self) -> int:
        """Ask the CRM to end (SIGTERM) and return its exit code."""
        return self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End the CRM at once (SIGKILL), if it still runs."""
        self._end(signal.SIGKILL)

    def _end(self, number: signal.Signals) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        process.send_signal(number)
        try:
            return process.wait(STOP_SECONDS_MAX)
        finally:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()

    def call(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Return the answer to one authorised call, whatever it is."""
        return self._client.request(
            method,
            self.base_url + path,
            headers=self.headers | options.pop("headers", {}),
            **options,
        )

    def add(self, **fields: Any) -> dict[str, Any]:
        """Create a contact and return it with its id."""
        return dict(
            self.call("POST", "/contacts", json=fields).raise_for_status().json()
        )

    def contact(self, contact_id: str) -> dict[str, Any] | None:
        """Return the contact as the CRM has it now, or None."""
        answer = self.call("GET", f"/contacts/{contact_id}")
        return None if answer.status_code == 404 else dict(answer.json())

    def contacts(self, **sought: str) -> list[dict[str, Any]]:
        """Return the contacts that match `email` or `auth0_user_id`, or all."""
        return list(self.call("GET", "/contacts", params=sought).json())

    def effects(self, after: int = 0) -> list[dict[str, Any]]:
        """Return every effect after the sequence number *after*, oldest first."""
        return self._all("/history", after)

    def effects_of(self, contact_id: str) -> list[dict[str, Any]]:
        """Return every effect on one contact, oldest first."""
        return [one for one in self.effects() if one["contact_id"] == contact_id]

    def requests(self, after: int = 0) -> list[dict[str, Any]]:
        """Return every call to /contacts since the start, with its status and fault."""
        return self._all("/requests", after)

    def put_faults(self, *faults: dict[str, Any]) -> None:
        """Replace the faults, e.g. `{"kind": "error", "requests": 2}`."""
        self.call("PUT", "/faults", json=faults).raise_for_status()

    def faults(self) -> list[dict[str, Any]]:
        """Return the faults and how often each `struck`."""
        return list(self.call("GET", "/faults").json())

    def _all(self, path: str, after: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while page := self.call("GET", path, params={"after": after}).json():
            found += page
            after = page[-1]["sequence"]
        return found


@contextmanager
def running_crm(directory: Path) -> Iterator[SandboxCrm]:
    """Run a CRM whose file is in *directory*, until the block ends."""
    with SandboxCrm(directory / "crm.sqlite3") as crm:
        yield crm


@pytest.fixture
def crm(tmp_path: Path) -> Iterator[SandboxCrm]:
    """A running CRM without contacts and faults."""
    with running_crm(tmp_path) as running:
        yield running
