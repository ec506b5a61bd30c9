"""Every call that the CRM got, taken down while it is remembered there."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.support.eventually import eventually
from tests.support.sandbox_crm import SandboxCrm

LOOK_SECONDS = 0.3
WRITES = ("POST", "PATCH", "DELETE")
Call = dict[str, Any]


@dataclass
class CallLog:
    """The calls so far, in their order; the CRM itself remembers ten thousand."""

    crm: SandboxCrm
    calls: list[Call] = field(default_factory=list)

    def run(self, stop: threading.Event) -> None:
        """Look for calls until told to stop, and once more."""
        with httpx.Client(
            base_url=self.crm.base_url,
            headers=self.crm.headers,
            trust_env=False,
            timeout=60.0,
        ) as client:
            while not stop.wait(LOOK_SECONDS):
                self._take(client)
            self._take(client)

    def _take(self, client: httpx.Client) -> None:
        after = self.calls[-1]["sequence"] if self.calls else 0
        found = client.get("/requests", params={"after": after}).json()
        assert not found or found[0]["sequence"] == after + 1, "calls were forgotten"
        self.calls += found

    def quiet(self) -> None:
        """Return once no call has come for a while."""
        seen, since = -1, time.monotonic()

        def silent() -> bool:
            nonlocal seen, since
            if len(self.calls) != seen:
                seen, since = len(self.calls), time.monotonic()
            return time.monotonic() - since > 4 * LOOK_SECONDS

        eventually(silent, 60.0)


@contextmanager
def logged(crm: SandboxCrm) -> Iterator[CallLog]:
    """Take down the calls of *crm* until the block ends."""
    log, stop = CallLog(crm), threading.Event()
    thread = threading.Thread(target=log.run, args=[stop])
    thread.start()
    try:
        yield log
    finally:
        stop.set()
        thread.join()
