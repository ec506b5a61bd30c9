"""The two destinations, each with its own worker, and `keepstep try` at both.

Between each destination and whoever calls it, every call is remembered.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from events import admin
from events.kafka import KafkaSettings
from events.topics import Topics
from tests.support.eventually import eventually
from tests.support.follower import Follower
from tests.support.ingest import Ingest, running_ingest
from tests.support.operating import Console
from tests.support.recorder import Made, Recorder, recording
from tests.support.rehearsed import Rehearsed, rehearsed
from tests.support.sandbox_billing import SandboxBilling
from tests.support.sandbox_crm import SandboxCrm, running_crm
from tests.support.service import ROOT
from tests.support.topics import Stored
from tests.support.worker import HASTY, hasty, running_worker

PARTITIONS = 3
BILLING = ROOT / "sandbox/billing/billing.toml"


class Arrived(NamedTuple):
    """What a body became: events of the log, or a record of the quarantine."""

    events: list[Stored]
    quarantined: list[Stored]


@dataclass
class Destination:
    """One destination, what its worker wrote, and what `try` says of it."""

    name: str
    recorder: Recorder
    outcomes: Follower
    retry: Follower
    console: Console
    _ends: dict[tuple[int, int], str] = field(default_factory=dict)

    def tried(self, path: Path, record_id: str | None = None) -> Rehearsed:
        """Return what `keepstep try` says of the event in *path*, of a linked user."""
        linked = [] if record_id is None else ["--record", record_id]
        done = self.console.keepstep("try", self.name, str(path), *linked)
        return rehearsed(done, self.recorder.base_url)

    def end_of(self, event: Stored) -> str:
        """Return how the event ended or why it is parked, in the words of `try`."""
        place = (event.partition, event.offset)
        eventually(lambda: place in self._read())
        return self._ends[place]

    def calls(self) -> list[Made]:
        """Return the calls since the last look."""
        return self.recorder.taken()

    def _read(self) -> dict[tuple[int, int], str]:
        for record in self.retry.records():
            if record.value is not None and record.headers["state"] == "review":
                offset = int((record.key or b"").rsplit(b"@", 1)[1])
                reason = record.headers["reason"]
                self._ends[record.partition, offset] = f"waits for a person: {reason}"
        for record in self.outcomes.records():
            end = json.loads(record.value or b"")
            self._ends[tuple(end["source"][1:])] = _ended(end)
        return self._ends


def _ended(end: dict[str, Any]) -> str:
    if end["outcome"] == "dead":
        return f"dead letter: {end['class']}: {end['reason']}"
    action = f" ({end['action']})" if end["action"] else ""
    fields = f": {', '.join(end['fields'])}" if end["fields"] else ""
    return f"outcome: {end['outcome']}{action}{fields}"


@dataclass
class Both:
    """Ingest, the CRM and the billing system, with a worker each."""

    ingest: Ingest
    crm_system: SandboxCrm
    billing_system: SandboxBilling
    crm: Destination
    billing: Destination
    events: Follower
    quarantine: Follower
    directory: Path
    _seen: Arrived = field(default_factory=lambda: Arrived([], []))

    @property
    def destinations(self) -> dict[str, Destination]:
        """Both, by name."""
        return {one.name: one for one in (self.crm, self.billing)}

    def written(self, body: bytes) -> Path:
        """Return a file that holds *body*, for `keepstep try`."""
        path = self.directory / f"{sha256(body).hexdigest()[:16]}.json"
        path.write_bytes(body)
        return path

    def send(self, body: bytes, messages: int = 1) -> Arrived:
        """POST *body* as Auth0 does; return the *messages* that it became."""
        before = self._seen
        answer = httpx.post(
            self.ingest.url,
            content=body,
            headers=self.ingest.authorization,
            trust_env=False,
        )
        assert answer.status_code == 202
        counted = sum(map(len, before)) + messages
        eventually(lambda: self._looked() >= counted)
        assert sum(map(len, self._seen)) == counted
        return Arrived(
            self._seen.events[len(before.events) :],
            self._seen.quarantined[len(before.quarantined) :],
        )

    def clear(self) -> None:
        """Remove every record at both, and forget what was asked so far."""
        for contact in self.crm_system.contacts():
            self.crm_system.call("DELETE", f"/contacts/{contact['id']}")
        for customer in self.billing_system.customers():
            self.billing_system.call("DELETE", f"/v1/customers/{customer['id']}")
        for destination in self.destinations.values():
            destination.calls()

    def put(self, email: str, owner: str = "") -> None:
        """Put a record with that address into both, as somebody else's or nobody's."""
        own = {"auth0_user_id": owner} if owner else {}
        self.crm_system.add(email=email, **own)
        form = {f"metadata[{name}]": value for name, value in own.items()}
        path = "/v1/customers"
        made = self.billing_system.call("POST", path, data={"email": email, **form})
        assert made.is_success

    def _looked(self) -> int:
        """Return how many messages there are by now."""
        self._seen = Arrived(self.events.records(), self.quarantine.records())
        return sum(map(len, self._seen))


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_both(kafka: str, installation: str, directory: Path) -> Iterator[Both]:
    """Run everything until the block ends."""
    topics = Topics(installation, PARTITIONS)
    reached = KafkaSettings(bootstrap_servers=kafka, replication_factor=1)
    admin.create(reached, topics.all_of(["crm", "billing"]))
    (directory / "billing.toml").write_text(f"{HASTY}\n{BILLING.read_text()}")
    with ExitStack() as stack:
        enter = stack.enter_context
        crm = enter(running_crm(directory))
        billing = enter(SandboxBilling(directory, free_port()))
        to_crm = enter(recording(crm.base_url))
        to_billing = enter(recording(billing.base_url))
        told = {
            "KEEPSTEP_WORKER_DESTINATIONS_DIR": hasty(directory),
            "KEEPSTEP_CRM_URL": to_crm.base_url,
            "KEEPSTEP_CRM_TOKEN": crm.token,
            "KEEPSTEP_BILLING_URL": to_billing.base_url,
            "KEEPSTEP_BILLING_TOKEN": billing.token,
        }
        console = Console(kafka, installation, directory)
        console.env |= told

        def followed(name: str, partitions: int = PARTITIONS) -> Follower:
            follower = Follower(kafka, name, partitions)
            stack.callback(follower.close)
            return follower

        def destination(name: str, recorder: Recorder) -> Destination:
            outcomes = followed(topics.outcomes(name).name)
            retry = followed(topics.retry(name).name)
            return Destination(name, recorder, outcomes, retry, console)

        ingest = enter(running_ingest(kafka, installation))
        for name in ("crm", "billing"):
            enter(running_worker(kafka, installation, name, **told))
        yield Both(
            ingest,
            crm,
            billing,
            destination("crm", to_crm),
            destination("billing", to_billing),
            followed(topics.events.name),
            followed(topics.quarantine.name, topics.quarantine.partitions),
            directory,
        )
