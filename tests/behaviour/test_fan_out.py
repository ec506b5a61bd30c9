"""One event for two destinations: each has its own worker, group, retries and links.

Real: Kafka, ingest, two workers, the example CRM, and the sandbox's billing system
with the API of Stripe.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from events import admin
from events.kafka import KafkaSettings
from tests.support.eventually import eventually
from tests.support.follower import Follower
from tests.support.pipeline import Pipeline, running_pipeline
from tests.support.sandbox_billing import SandboxBilling
from tests.support.service import ROOT
from tests.support.worker import HASTY, hasty, running_worker

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(180)]
USERS = 5
# The first waits between attempts; what is away for longer closes the gate.
BACK_SECONDS_MAX = 75.0


@dataclass
class Fan:
    """Two destinations of one installation."""

    pipeline: Pipeline
    billing: SandboxBilling
    outcomes: Follower

    def sign_up(self, name: str) -> list[str]:
        """Send some new users; return their addresses."""
        users = [f"{name}-{number}" for number in range(USERS)]
        for user in users:
            assert self.pipeline.send(signed_up(user)) == 202
        return [f"{user}@example.com" for user in users]

    def billed(self, name: str) -> list[str]:
        """Return the outcomes at billing of the users that *name* stands for."""
        ends = [json.loads(record.value or b"") for record in self.outcomes.records()]
        return [e["outcome"] for e in ends if e["event_id"].startswith(f"evt_{name}-")]

    def kept(self, name: str) -> list[str]:
        """Return the outcomes at the CRM of the users that *name* stands for."""
        ends = self.pipeline.outcomes()
        return [e["outcome"] for e in ends if e["event_id"].startswith(f"evt_{name}-")]


def signed_up(user: str) -> dict[str, Any]:
    profile = {"user_id": f"auth0|{user}", "email": f"{user}@example.com"}
    return {
        "id": f"evt_{user}",
        "type": "user.created",
        "time": "2026-01-01T00:00:00Z",
        "data": {"object": profile},
    }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def fan(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fan]:
    directory = tmp_path_factory.mktemp("fan")
    installation = f"t{uuid4().hex[:12]}"
    described = (ROOT / "sandbox/billing/billing.toml").read_text()
    (directory / "billing.toml").write_text(f"{HASTY}\n{described}")
    told = {"KEEPSTEP_WORKER_DESTINATIONS_DIR": hasty(directory)}
    with (
        SandboxBilling(directory, free_port()) as billing,
        running_pipeline(kafka, installation, directory, **told) as pipeline,
    ):
        reached = KafkaSettings(bootstrap_servers=kafka, replication_factor=1)
        admin.create(reached, pipeline.topics.all_of(["billing"]))
        told |= {
            "KEEPSTEP_BILLING_URL": billing.base_url,
            "KEEPSTEP_BILLING_TOKEN": billing.token,
        }
        topic = pipeline.topics.outcomes("billing")
        outcomes = Follower(kafka, topic.name, topic.partitions)
        with running_worker(kafka, installation, "billing", **told):
            yield Fan(pipeline, billing, outcomes)
        outcomes.close()


def test_an_event_reaches_every_destination(fan: Fan) -> None:
    emails = fan.sign_up("both")

    eventually(lambda: len(fan.kept("both")) == len(fan.billed("both")) == USERS)
    for email in emails:
        [contact] = fan.pipeline.crm.contacts(email=email)
        [customer] = fan.billing.customers(email=email)
        assert contact["auth0_user_id"] == customer["metadata"]["auth0_user_id"]


def test_a_crm_that_is_down_delays_no_customer(fan: Fan) -> None:
    fan.pipeline.crm.kill()

    fan.sign_up("crm-down")

    eventually(lambda: len(fan.billed("crm-down")) == USERS)
    assert fan.kept("crm-down") == []
    fan.pipeline.crm.start()
    eventually(lambda: fan.kept("crm-down") == ["applied"] * USERS, BACK_SECONDS_MAX)
    assert fan.billed("crm-down") == ["applied"] * USERS


def test_a_billing_system_that_is_down_delays_no_contact(fan: Fan) -> None:
    fan.billing.stop()

    fan.sign_up("billing-down")

    eventually(lambda: len(fan.kept("billing-down")) == USERS)
    assert fan.billed("billing-down") == []
    fan.billing.start()
    eventually(
        lambda: fan.billed("billing-down") == ["applied"] * USERS, BACK_SECONDS_MAX
    )
    assert fan.kept("billing-down") == ["applied"] * USERS
