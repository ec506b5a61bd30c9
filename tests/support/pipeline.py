"""The whole system, real: Kafka, ingest, one worker, and the example CRM."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from events import admin
from events.kafka import KafkaSettings
from events.topics import Topic, Topics
from tests.support.eventually import eventually
from tests.support.follower import Follower
from tests.support.ingest import Ingest, running_ingest
from tests.support.sandbox_crm import SandboxCrm, running_crm
from tests.support.topics import Stored
from tests.support.worker import Worker, running_worker

PARTITIONS = 3


@dataclass
class Pipeline:
    """The running parts, and what a test asks of them."""

    kafka: str
    topics: Topics
    crm: SandboxCrm
    ingest: Ingest
    worker: Worker
    _followers: dict[str, Follower] = field(default_factory=dict)

    def send(self, event: dict[str, Any] | bytes) -> int:
        """POST an event as Auth0 does; return the status."""
        body = event if isinstance(event, bytes) else json.dumps(event).encode()
        answer = httpx.post(
            self.ingest.url,
            content=body,
            headers=self.ingest.authorization,
            timeout=10.0,
            trust_env=False,
        )
        return answer.status_code

    def stored(self, topic: str) -> list[Stored]:
        """Return what a topic holds: events, quarantine, retry, dead or outcomes."""
        found = getattr(self.topics, topic)
        named: Topic = found if isinstance(found, Topic) else found("crm")
        if topic not in self._followers:
            follower = Follower(self.kafka, named.name, named.partitions)
            self._followers[topic] = follower
        return self._followers[topic].records()

    def outcomes(self) -> list[dict[str, Any]]:
        """Return the outcomes so far."""
        return [json.loads(record.value or b"") for record in self.stored("outcomes")]

    def parked(self) -> dict[bytes, Stored]:
        """Return the entries of the retry topic that have not ended."""
        last = {record.key or b"": record for record in self.stored("retry")}
        return {key: record for key, record in last.items() if record.value is not None}

    def outcome_of(self, event_id: str) -> dict[str, Any]:
        """Return the event's outcome once it has one."""
        found = eventually(
            lambda: [o for o in self.outcomes() if o["event_id"] == event_id]
        )
        return found[0]

    def close(self) -> None:
        """Stop reading topics."""
        for follower in self._followers.values():
            follower.close()


@contextmanager
def running_pipeline(
    kafka: str, installation: str, directory: Path, **settings: str
) -> Iterator[Pipeline]:
    """Run everything with topics of its own until the block ends."""
    with (
        running_crm(directory) as crm,
        running_before(crm, kafka, installation, **settings) as pipeline,
    ):
        yield pipeline


@contextmanager
def running_before(
    crm: SandboxCrm, kafka: str, installation: str, **settings: str
) -> Iterator[Pipeline]:
    """Run everything before a CRM that runs, with topics of its own."""
    topics = Topics(installation, PARTITIONS)
    reached = KafkaSettings(bootstrap_servers=kafka, replication_factor=1)
    admin.create(reached, topics.all_of(["crm"]))
    settings = {
        "KEEPSTEP_CRM_URL": crm.base_url,
        "KEEPSTEP_CRM_TOKEN": crm.token,
    } | settings
    with (
        running_ingest(kafka, installation) as ingest,
        running_worker(kafka, installation, **settings) as worker,
    ):
        pipeline = Pipeline(kafka, topics, crm, ingest, worker)
        yield pipeline
        pipeline.close()
