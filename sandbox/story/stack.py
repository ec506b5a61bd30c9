"""Everything that the story runs on: Kafka, CRM, ingest and one worker."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import httpx

from events import admin
from events.kafka import KafkaSettings
from events.topics import Topics
from sandbox.kafka import Broker
from sandbox.story.children import child, free_port

PARTITIONS = 4
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

    def contact(self, email: str) -> list[dict[str, str]]:
        """Return the CRM's contacts with *email*."""
        answer = self._crm("GET", "/contacts", params={"email": email})
        found: list[dict[str, str]] = answer.json()
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
        say("CRM")
        stack, environ = _planned(broker.bootstrap_servers)
        port = stack.crm_url.rpartition(":")[2]
        parts.enter_context(
            child(
                "crm",
                ["-m", "sandbox", "crm", "--port", port],
                {"KEEPSTEP_SANDBOX_CRM_TOKEN": stack.crm_token},
                stack.crm_url + "/",
            )
        )
        say("topics")
        admin.create(stack.kafka, stack.topics.all_of(["crm"]))
        environ["KEEPSTEP_WORKER_DESTINATIONS_DIR"] = str(_hasty(Path(".sandbox")))
        for name, arguments in {
            "ingest": ["-m", "ingest"],
            "worker": ["-m", "processors", "worker", "crm"],
        }.items():
            say(name)
            admin_port = environ[f"KEEPSTEP_{name.upper()}_ADMIN_PORT"]
            ready = f"http://127.0.0.1:{admin_port}/readyz"
            parts.enter_context(child(name, arguments, environ, ready))
        yield stack


def _hasty(folder: Path) -> Path:
    """Write the CRM's destination file with graces that nobody has to wait for."""
    shipped = files("destinations") / "crm.toml"
    written = folder / "destinations"
    written.mkdir(parents=True, exist_ok=True)
    (written / "crm.toml").write_text(GRACES + shipped.read_text())
    return written


def _planned(bootstrap: str) -> tuple[Stack, dict[str, str]]:
    ingest, crm = free_port(8080), free_port(8090)
    webhook_token, crm_token = secrets.token_hex(16), secrets.token_hex(16)
    stack = Stack(
        kafka=KafkaSettings(bootstrap_servers=bootstrap, replication_factor=1),
        topics=Topics("keepstep", PARTITIONS),
        webhook_url=f"http://127.0.0.1:{ingest}/webhooks/auth0",
        webhook_token=webhook_token,
        crm_url=f"http://127.0.0.1:{crm}",
        crm_token=crm_token,
    )
    environ = {
        "KEEPSTEP_KAFKA_BOOTSTRAP_SERVERS": bootstrap,
        "KEEPSTEP_PARTITIONS": str(PARTITIONS),
        "KEEPSTEP_USER_REF_SECRET": secrets.token_hex(16),
        "KEEPSTEP_INGEST_PORT": str(ingest),
        "KEEPSTEP_INGEST_ADMIN_PORT": str(free_port(9080)),
        "KEEPSTEP_INGEST_BEARER_TOKENS": webhook_token,
        "KEEPSTEP_WORKER_ADMIN_PORT": str(free_port(9081)),
        "KEEPSTEP_WORKER_RETRY_WAITS_SECONDS": RETRY_WAITS_SECONDS,
        "KEEPSTEP_CRM_URL": stack.crm_url,
        "KEEPSTEP_CRM_TOKEN": crm_token,
    }
    return stack, environ
