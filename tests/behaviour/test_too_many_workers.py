"""A worker that would leave nobody enough of the limit does not join; the others go on.

Real: Kafka, the workers' processes, the example CRM.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from confluent_kafka import Producer

from events import admin
from events.kafka import KafkaSettings
from events.topics import Topics
from tests.support.eventually import eventually
from tests.support.sandbox_crm import SandboxCrm, running_crm
from tests.support.several import with_rate
from tests.support.worker import Worker, running_worker

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]
PARTITIONS = 12
EXIT_SECONDS_MAX = 10.0  # most of it is Python's start
TOO_MANY_WORKERS = 3


class Fleet:
    """Workers of one destination, which is told at most 2 calls a second."""

    def __init__(
        self, kafka: str, installation: str, crm: SandboxCrm, files: str
    ) -> None:
        self._kafka, self._installation = kafka, installation
        self._topics = Topics(installation, PARTITIONS)
        self._told = {
            "KEEPSTEP_PARTITIONS": str(PARTITIONS),
            "KEEPSTEP_WORKER_DESTINATIONS_DIR": files,
            "KEEPSTEP_CRM_URL": crm.base_url,
            "KEEPSTEP_CRM_TOKEN": crm.token,
        }
        reached = KafkaSettings(bootstrap_servers=kafka, replication_factor=1)
        admin.create(reached, self._topics.all_of(["crm"]))

    @contextmanager
    def worker(self, name: str) -> Iterator[Worker]:
        """Run one, known to its group by *name*."""
        told = self._told | {"KEEPSTEP_WORKER_ID": name}
        with running_worker(self._kafka, self._installation, **told) as worker:
            yield worker

    def publish_to_all(self) -> None:
        """Publish a new user's event to every partition."""
        producer = Producer({"bootstrap.servers": self._kafka})
        name = self._topics.events.name
        for number in range(PARTITIONS):
            producer.produce(name, user(number), f"auth0|{number}", number)
        assert producer.flush(30) == 0


def user(number: int) -> bytes:
    profile = {"user_id": f"auth0|{number}", "email": f"{number}@example.com"}
    event = {
        "id": f"evt_{number}",
        "type": "user.created",
        "time": "2026-01-01T00:00:00Z",
        "data": {"object": profile},
    }
    return json.dumps(event).encode()


@pytest.fixture
def crm(tmp_path: Path) -> Iterator[SandboxCrm]:
    with running_crm(tmp_path) as running:
        yield running


@pytest.fixture
def fleet(kafka: str, installation: str, crm: SandboxCrm, tmp_path: Path) -> Fleet:
    rate = "{calls = 2, per_seconds = 1}"
    return Fleet(kafka, installation, crm, with_rate(tmp_path, rate))


def exited(like: Worker, name: str) -> tuple[int, str]:
    """Start one more worker, known by *name*; return its end and last line."""
    one = Worker(like.arguments, like.env | {"KEEPSTEP_WORKER_ID": name}, like.cwd)
    one.log_path = like.cwd / f"{name}.log"
    one.launch()
    try:
        return one.wait(EXIT_SECONDS_MAX), one.log.splitlines()[-1]
    finally:
        one.kill()


def test_a_worker_too_many_says_so_and_the_others_go_on(
    fleet: Fleet, crm: SandboxCrm
) -> None:
    with fleet.worker("one") as one, fleet.worker("two") as two:
        code, line = exited(two, "three")

        assert code == TOO_MANY_WORKERS
        assert "too many workers for crm" in line
        assert "run 2 at most" in line
        fleet.publish_to_all()
        eventually(lambda: len(crm.contacts()) > 0, 60.0)
        assert one.ready()
        assert two.ready()


def test_a_worker_that_was_killed_does_not_count_itself_when_it_is_back(
    fleet: Fleet,
) -> None:
    with fleet.worker("one"), fleet.worker("two") as two:
        two.kill()

        two.start()

        assert two.ready()
