"""A destination's topics, filled by the test itself, and the `keepstep` command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import (
    chdir,
    closing,
    contextmanager,
    redirect_stderr,
    redirect_stdout,
)
from dataclasses import dataclass
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from aiokafka.partitioner import murmur2
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

from console.__main__ import main
from events import admin, headers
from events.kafka import KafkaSettings
from events.topics import Topics
from tests.support.eventually import eventually
from tests.support.service import ROOT, shared_environment
from tests.support.topics import Stored, read_topic

PARTITIONS = 3
RUN_SECONDS_MAX = 60
TOPIC_REF = "Qm3xT0aB"
PARKED_AT = "2025-06-01T12:00:00.000+00:00"


class Done(NamedTuple):
    """How a command ended, and what it said."""

    code: int
    raw: bytes
    err: str

    @property
    def out(self) -> str:
        """What it printed, as text."""
        return self.raw.decode()

    @property
    def json(self) -> list[Any]:
        """The JSON values that it printed, one a line."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def table(self) -> list[list[str]]:
        """What it printed, as lines of words."""
        return [line.split() for line in self.out.splitlines()]


@dataclass
class Running:
    """A command that has not ended yet."""

    process: subprocess.Popen[bytes]

    def finish(self) -> Done:
        """Wait for its end."""
        out, err = self.process.communicate(timeout=RUN_SECONDS_MAX)
        return Done(self.process.returncode, out, err.decode())


class Console:
    """The `keepstep` command, as an operator of *installation* has it."""

    def __init__(self, kafka: str, installation: str, directory: Path) -> None:
        self.directory = directory
        self.env = shared_environment(kafka, installation) | {
            "PYTHONPATH": str(ROOT),
            "KEEPSTEP_WORKER_ADMIN_PORT": "1",  # nobody listens there
        }

    @contextmanager
    def started(self, *arguments: str) -> Iterator[Running]:
        """Run `keepstep` beside the block; `finish` waits for its end."""
        with subprocess.Popen(
            [sys.executable, "-m", "console", *arguments],
            cwd=self.directory,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            try:
                yield Running(process)
            finally:
                process.kill()

    def keepstep(self, *arguments: str) -> Done:
        """Run `keepstep` to its end, in this process: nothing has to be imported."""
        out, err = TextIOWrapper(BytesIO()), StringIO()
        with (
            pytest.MonkeyPatch.context() as patch,
            chdir(self.directory),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            patch.setattr(os, "environ", self.env)
            patch.setattr(sys, "argv", ["keepstep", *arguments])
            with pytest.raises(SystemExit) as ended:
                main()
        out.flush()
        code = ended.value.code or 0
        assert isinstance(code, int), code
        return Done(code, out.buffer.getvalue(), err.getvalue())


class Desk(Console):
    """The command, and the topics of one destination, `crm`, to write into."""

    def __init__(self, kafka: str, installation: str, directory: Path) -> None:
        super().__init__(kafka, installation, directory)
        self.kafka = kafka
        self.topics = Topics(installation, PARTITIONS)
        settings = KafkaSettings(bootstrap_servers=kafka, replication_factor=1)
        admin.create(settings, self.topics.all_of(["crm"]))
        self._producer = Producer(
            {"bootstrap.servers": kafka, "linger.ms": 5, "log_level": 0}
        )
        eventually(self._has_leaders)

    def _has_leaders(self) -> bool:
        """Whether the new topics can be read by now."""
        with closing(Consumer({"bootstrap.servers": self.kafka, "group.id": "x"})) as c:
            try:
                for topic in self.topics.all_of(["crm"]):
                    for number in range(topic.partitions):
                        c.get_watermark_offsets(TopicPartition(topic.name, number), 10)
            except KafkaException:
                return False
        return True

    def park(
        self, user: str, offset: int, *, ref: str = TOPIC_REF, **entry: str | int | None
    ) -> int:
        """Write an entry of a parked event; return its partition."""
        number = partition_of(user)
        told = {
            "source-topic": self.topics.events.name,
            "source-partition": number,
            "source-offset": offset,
            "source-timestamp": PARKED_AT,
            "event-id": f"evt_{offset}",
            "event-type": "user.updated",
            "attempt": 1,
            "state": "waiting",
            "first-failed-at": PARKED_AT,
            "reason": "HTTP 500",
            **{name.replace("_", "-"): value for name, value in entry.items()},
        }
        key = f"{user}@{ref}@{offset}".encode()
        self.put(self.topics.retry("crm").name, key, an_event(user), told, number)
        return number

    def unpark(self, user: str, offset: int, *, ref: str = TOPIC_REF) -> None:
        """Write that the event is parked no more."""
        key = f"{user}@{ref}@{offset}".encode()
        topic = self.topics.retry("crm").name
        self.put(topic, key, None, {}, partition_of(user))

    def link(self, key: bytes, value: Mapping[str, Any], partition: int) -> None:
        """Write a record of the links topic."""
        topic = self.topics.links("crm").name
        told = msgspec.json.encode({"format": 1, **value})
        self.put(topic, key, told, {}, partition)

    def bury(
        self,
        value: bytes,
        partition: int = 0,
        dead_class: str = "gave_up",
        **told: str | int,
    ) -> None:
        """Write a dead letter."""
        topic = self.topics.dead("crm").name
        why: dict[str, str | int] = {"reason": "HTTP 500", "attempt": 3}
        renamed = {name.replace("_", "-"): value for name, value in told.items()}
        headers = {"class": dead_class} | why | renamed
        self.put(topic, b"auth0|ann", value, headers, partition)

    def put(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        told: Mapping[str, str | int | None],
        partition: int,
    ) -> None:
        """Write one record."""
        self._producer.produce(
            topic, value, key, partition, headers=headers.encode(told)
        )
        self._producer.poll(0)

    def flush(self) -> None:
        """Return once all that was written is there."""
        assert self._producer.flush(30) == 0

    def stored(self, topic: str) -> list[Stored]:
        """Return what a topic holds: events, commands, …"""
        named = getattr(self.topics, topic)
        return read_topic(self.kafka, (named("crm") if callable(named) else named).name)

    def commands(self) -> list[tuple[int, bytes | None, dict[str, Any]]]:
        """Return partition, key and value of each command that was sent."""
        return [
            (one.partition, one.key, json.loads(one.value or b""))
            for one in self.stored("commands")
        ]


def partition_of(user: str) -> int:
    """Return the partition where Kafka's own tools put the user's events."""
    return int((murmur2(user.encode()) & 0x7FFFFFFF) % PARTITIONS)


def an_event(user: str, event_id: str = "evt_1") -> bytes:
    """Return an event as Auth0 writes it."""
    profile = {"user_id": user, "email": "ann@example.com"}
    event = {"id": event_id, "type": "user.updated", "data": {"object": profile}}
    return json.dumps(event).encode()
