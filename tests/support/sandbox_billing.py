"""The sandbox's billing system as a process, to be stopped and started again."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any, Self

import httpx

from tests.support.eventually import eventually
from tests.support.service import ROOT

STOP_SECONDS_MAX = 5.0


class SandboxBilling:
    """A billing system on one port; it forgets its customers when it stops."""

    def __init__(self, directory: Path, port: int) -> None:
        self.token = "billing-token-of-a-test"
        self.base_url = f"http://127.0.0.1:{port}"
        self._port = port
        self._log = directory / "billing.log"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Return once it answers."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "sandbox", "billing", f"--port={self._port}"],
                cwd=ROOT,
                env={"KEEPSTEP_SANDBOX_BILLING_TOKEN": self.token},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        eventually(self._answers, 20.0)

    def stop(self) -> None:
        """Return once it has ended; nobody answers then."""
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            assert process.wait(STOP_SECONDS_MAX) == 0

    def call(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Return the answer to one authorised call, whatever it is."""
        return httpx.request(
            method,
            self.base_url + path,
            headers={"Authorization": f"Bearer {self.token}"},
            trust_env=False,
            **options,
        )

    def customers(self, **sought: str) -> list[dict[str, Any]]:
        """Return the customers that match, newest first."""
        return list(self.call("GET", "/v1/customers", params=sought).json()["data"])

    def _answers(self) -> bool:
        try:
            return httpx.get(self.base_url + "/", trust_env=False).is_success
        except httpx.HTTPError:
            return False
