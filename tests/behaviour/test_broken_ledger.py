"""A worker that cannot trust what it reads refuses to serve, and says what to mend."""

from __future__ import annotations

from pathlib import Path

import pytest
from confluent_kafka import Producer

from events import admin
from events.kafka import KafkaSettings
from events.topics import Topics
from tests.support.pipeline import PARTITIONS
from tests.support.service import shared_environment
from tests.support.worker import Worker, hasty

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]
ENTRY = {"attempt": b"1", "first-failed-at": b"2026-01-01T00:00:00+00:00"}


@pytest.fixture
def worker(kafka: str, installation: str, tmp_path: Path) -> Worker:
    topics = Topics(installation, PARTITIONS)
    reached = KafkaSettings(bootstrap_servers=kafka, replication_factor=1)
    admin.create(reached, topics.all_of(["crm"]))
    env = shared_environment(kafka, installation) | {
        "KEEPSTEP_WORKER_ADMIN_PORT": "0",
        "KEEPSTEP_WORKER_SESSION_TIMEOUT_SECONDS": "6",
        "KEEPSTEP_WORKER_DESTINATIONS_DIR": hasty(tmp_path),
        "KEEPSTEP_CRM_URL": "http://127.0.0.1:1",
        "KEEPSTEP_CRM_TOKEN": "7f2c9d51b0e84a6d93c1",
    }
    return Worker(["processors", "worker", "crm"], env, tmp_path)


@pytest.mark.parametrize(
    ("kind", "key", "value", "headers"),
    [
        ("links", b"auth0|1", b"no link", {}),
        ("links", b"auth0|1", b'{"format":9,"taken":1}', {}),
        ("links", b"@meta", b"[]", {}),
        ("retry", b"no entry", b"{}", ENTRY),
        ("retry", b"auth0|1@abcdefgh@7", b"{}", {}),
        ("retry", b"auth0|1@abcdefgh@7", b"{}", ENTRY | {"state": b"dancing"}),
    ],
)
def test_a_record_that_cannot_be_read_is_named_by_its_place(  # noqa: PLR0913, PLR0917 -- one record, told apart
    kafka: str,
    installation: str,
    worker: Worker,
    kind: str,
    key: bytes,
    value: bytes,
    headers: dict[str, bytes],
) -> None:
    topic = f"{installation}.crm.{kind}"
    producer = Producer({"bootstrap.servers": kafka})
    producer.produce(topic, b"{}" if kind == "retry" else None, b"before", 1)
    producer.produce(topic, value, key, 1, headers=list(headers.items()))
    producer.produce(topic, None, b"before", 1)
    assert producer.flush(10) == 0

    worker.launch()

    assert worker.wait(30.0) == 2
    line = worker.log.strip().splitlines()[-1]
    assert f"{topic}, partition 1, offset 1: " in line
    assert "restore the record, or write a null for its key" in line
    assert "auth0|1" not in line
