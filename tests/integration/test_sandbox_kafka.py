"""The sandbox's real Kafka broker: started, stopped, killed, left over."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from confluent_kafka import Producer

from events import admin
from events.kafka import KafkaSettings
from events.topics import Topics
from sandbox.kafka import leftovers
from tests.support.broker import own_broker
from tests.support.eventually import eventually
from tests.support.topics import read_topic

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]


def publish(bootstrap_servers: str, topic: str, value: bytes) -> None:
    producer = Producer({"bootstrap.servers": bootstrap_servers, "acks": "all"})
    producer.produce(topic, value)
    assert producer.flush(20) == 0


def test_data_survive_a_halt_and_a_kill() -> None:
    with own_broker() as broker:
        kafka = KafkaSettings(
            bootstrap_servers=broker.bootstrap_servers, replication_factor=1
        )
        topic = Topics("kept", 1).quarantine
        admin.create(kafka, [topic])
        publish(broker.bootstrap_servers, topic.name, b"before the halt")
        broker.halt()
        broker.start()
        publish(broker.bootstrap_servers, topic.name, b"before the kill")
        broker.kill()
        broker.start()

        values = [r.value for r in read_topic(broker.bootstrap_servers, topic.name)]

    assert values == [b"before the halt", b"before the kill"]


def test_a_topic_that_nobody_made_is_an_error() -> None:
    with own_broker() as broker:
        producer = Producer(
            {
                "bootstrap.servers": broker.bootstrap_servers,
                "topic.metadata.propagation.max.ms": 500,
            }
        )
        refused: list[str] = []
        producer.produce(
            "misspelt", b"?", on_delivery=lambda error, _: refused.append(str(error))
        )
        assert producer.flush(20) == 0

    assert len(refused) == 1
    assert "UNKNOWN_TOPIC_OR_PART" in refused[0]


def test_the_command_stops_in_order_and_its_broker_with_it(tmp_path: Path) -> None:
    process = launched(tmp_path)
    broker = broker_pid(process)

    process.send_signal(signal.SIGTERM)

    assert process.wait(30) == 0
    assert not alive(broker)


def test_the_broker_of_a_run_that_lives_is_left_alone(tmp_path: Path) -> None:
    process = launched(tmp_path)

    leftovers.end_all()

    assert alive(broker_pid(process))
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0


def test_what_a_killed_run_left_over_is_ended_by_the_next(tmp_path: Path) -> None:
    killed = launched(tmp_path)
    orphan = broker_pid(killed)
    killed.kill()
    killed.wait(10)
    assert alive(orphan)

    following = launched(tmp_path)

    assert not alive(orphan)
    following.send_signal(signal.SIGTERM)
    assert following.wait(30) == 0


def launched(directory: Path) -> subprocess.Popen[bytes]:
    """Start `python -m sandbox kafka`, and return when it says it is ready."""
    told = directory / "bootstrap-told"
    with told.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "sandbox", "kafka"],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            cwd=directory,
            stdout=output,
        )
    eventually(lambda: b"Kafka ready at 127.0.0.1:" in told.read_bytes(), 60.0)
    return process


def broker_pid(starter: subprocess.Popen[bytes]) -> int:
    noted = [r for r in leftovers.noted() if r.starter == starter.pid]
    assert len(noted) == 1
    return noted[0].pid


def alive(pid: int) -> bool:
    deadline = time.monotonic() + 1.0
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        state = Path(f"/proc/{pid}/stat")
        if state.exists() and state.read_text().split()[2] == "Z":
            return False
    return True
