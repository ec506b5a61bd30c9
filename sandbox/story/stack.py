"""All that the story runs on: Kafka, ingest, and a worker for each destination."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import httpx

from events import admin
from events.kafka import KafkaSettings
from events.topics import Topics
from sandbox.kafka import Broker
from sandbox.story.children import Child, free_port
from sandbox.story.children import running as children

PARTITIONS = 4
DESTINATIONS = ("crm", "billing")
RETRY_WAITS_SECONDS = "1,2,4"
GRACES = "deletion_grace_seconds = 2.0\nunmatched_grace_seconds = 2.0\n"


@dataclass(frozen=True)
class Stack:
    """Where the running parts are reached."""

    kafka: KafkaSettings
    topics: Topics
    webhook_url: str
    webhook_token: str
    crm_url: str
    crm_token: str
    billing_url: str
    billing_token: str

    def send(self, body: bytes) -> int:
        """POST *body* as Auth0 would; return the status."""
        headers = {"authorization": f"Bearer {self.webhook_token}"}
        answer = httpx.post(
            self.webhook_url,
            content=body,
            headers=headers,
            timeout=10.0,
            trust_env=False,
        )
        return answer.status_code

    def contacts(self) -> list[dict[str, Any]]:
        """Return the CRM's contacts."""
        found: list[dict[str, Any]] = self._crm("GET", "/contacts").json()
        return found

    def crm_calls(self) -> int:
        """Return how many calls to its contacts the CRM has got."""
        return len(self._crm("GET", "/requests").json())

    def customers(self) -> list[dict[str, Any]]:
        """Return the billing system's customers, at most a page of them."""
        answer = httpx.get(
            f"{self.billing_url}/v1/customers",
            headers={"authorization": f"Bearer {self.billing_token}"},
            timeout=10.0,
            trust_env=False,
        )
        found: list[dict[str, Any]] = answer.json()["data"]
        return found

    def fail_next_calls(self, count: int) -> None:
        """Make the CRM answer its next *count* calls with 503."""
        fault = {"kind": "error", "status": 503, "requests": count}
        self._crm("PUT", "/faults", json=[fault]).raise_for_status()

    def _crm(self, method: str, path: str, **rest: object) -> httpx.Response:
        headers = {"authorization": f"Bearer {self.crm_token}"}
        with httpx.Client(trust_env=False, timeout=10.0, headers=headers) as client:
            return client.request(method, self.crm_url + path, **rest)  # type: ignore[arg-type]


@contextlib.contextmanager
def running(say: Callable[[str], None]) -> Iterator[Stack]:
    """Start everything with secrets of its own; stop it in order at the end.

    Raises:
        NotReady: A part did not start; the message says where its log is.
    """
    with contextlib.ExitStack() as parts:
        say("Kafka")
        broker = parts.enter_context(Broker(Path(".sandbox/kafka"), fresh=True))
        broker.write_tools(Path(".sandbox/bin"))
        say("CRM and billing")
        stack, environ = _planned(broker.bootstrap_servers)
        parts.enter_context(children(*_systems(stack)))
        say("topics")
        admin.create(stack.kafka, stack.topics.all_of(DESTINATIONS))
        environ["KEEPSTEP_WORKER_DESTINATIONS_DIR"] = str(_hasty(Path(".sandbox")))
        say("ingest and workers")
        parts.enter_context(children(_ingest(environ), *_workers(environ)))
        yield stack


def _systems(stack: Stack) -> Iterator[Child]:
    for name, url, token in (
        ("crm", stack.crm_url, stack.crm_token),
        ("billing", stack.billing_url, stack.billing_token),
    ):
        arguments = ["-m", "sandbox", name, "--port", url.rpartition(":")[2]]
        environ = {f"KEEPSTEP_SANDBOX_{name.upper()}_TOKEN": token}
        yield Child(name, arguments, environ, f"{url}/")


def _ingest(environ: Mapping[str, str]) -> Child:
    port = free_port(9080)
    told = {**environ, "KEEPSTEP_INGEST_ADMIN_PORT": str(port)}
    return Child("ingest", ["-m", "ingest"], told, f"http://127.0.0.1:{port}/readyz")


def _workers(environ: Mapping[str, str]) -> Iterator[Child]:
    """Yield a worker for each destination: another process, another group."""
    for number, name in enumerate(DESTINATIONS):
        port = free_port(9081 + number)
        told = {**environ, "KEEPSTEP_WORKER_ADMIN_PORT": str(port)}
        arguments = ["-m", "processors", "worker", name]
        ready = f"http://127.0.0.1:{port}/readyz"
        yield Child(f"worker-{name}", arguments, told, ready)


def _hasty(folder: Path) -> Path:
    """Write the destination files with graces that nobody has to wait for."""
    written = folder / "destinations"
    written.mkdir(parents=True, exist_ok=True)
    for name, shipped in {
        "crm": files("destinations") / "crm.toml",
        "billing": files("sandbox") / "billing" / "billing.toml",
    }.items():
        (written / f"{name}.toml").write_text(GRACES + shipped.read_text())
    return written


def _planned(bootstrap: str) -> tuple[Stack, dict[str, str]]:
    ingest, crm, billing = free_port(8080), free_port(8090), free_port(8091)
    webhook_token = secrets.token_hex(16)
    stack = Stack(
        kafka=KafkaSettings(bootstrap_servers=bootstrap, replication_factor=1),
        topics=Topics("keepstep", PARTITIONS),
        webhook_url=f"http://127.0.0.1:{ingest}/webhooks/auth0",
        webhook_token=webhook_token,
        crm_url=f"http://127.0.0.1:{crm}",
        crm_token=secrets.token_hex(16),
        billing_url=f"http://127.0.0.1:{billing}",
        billing_token=secrets.token_hex(16),
    )
    environ = {
        "KEEPSTEP_KAFKA_BOOTSTRAP_SERVERS": bootstrap,
        "KEEPSTEP_PARTITIONS": str(PARTITIONS),
        "KEEPSTEP_USER_REF_SECRET": secrets.token_hex(16),
        "KEEPSTEP_INGEST_PORT": str(ingest),
        "KEEPSTEP_INGEST_BEARER_TOKENS": webhook_token,
        "KEEPSTEP_WORKER_RETRY_WAITS_SECONDS": RETRY_WAITS_SECONDS,
        "KEEPSTEP_CRM_URL": stack.crm_url,
        "KEEPSTEP_CRM_TOKEN": stack.crm_token,
        "KEEPSTEP_BILLING_URL": stack.billing_url,
        "KEEPSTEP_BILLING_TOKEN": stack.billing_token,
    }
    return stack, environ
