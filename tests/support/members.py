"""Members of a consumer group in the test's own event loop, and what they were told."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from confluent_kafka import Producer

from events.kafka import KafkaSettings
from events.topics import Topics
from processors.group import agents
from processors.group.app import Member, WorkerApp, build
from processors.group.hooks import Arrived
from processors.ledger.offsets import Committed, committed

GROUP = "members"
SESSION_SECONDS = 6.0  # the least that a broker takes
Found = TypeVar("Found")


class Collector:
    """Hooks that keep what they are given, and ack only where told to."""

    def __init__(self, *, acks: bool = True) -> None:
        self.acks = acks
        self.app: WorkerApp
        self.got: list[Arrived] = []
        self.assignments: list[frozenset[int]] = []
        self.revocations: list[bool] = []
        self.room_made = asyncio.Event()
        self.room_made.set()

    def take(self, message: Arrived) -> None:
        self.got.append(message)
        if self.acks:
            message.ack()

    async def room(self) -> None:
        await self.room_made.wait()

    async def assigned(self, partitions: frozenset[int]) -> None:
        self.assignments.append(partitions)

    async def revoked(self, *, lost: bool) -> None:
        self.revocations.append(lost)

    def offsets(self, partition: int) -> list[int]:
        return [m.offset for m in self.got if m.partition == partition]


@asynccontextmanager
async def running_member(
    kafka: str,
    topics: Topics,
    hooks: Collector,
    drain_seconds_max: float = 5.0,
    *,
    worker_id: str | None = None,
    wait: bool = True,
) -> AsyncIterator[WorkerApp]:
    """Run a member until the block ends; *wait* until it has its partitions."""
    group = f"{topics.events.name}.{GROUP}"
    member = Member(group, worker_id, SESSION_SECONDS, drain_seconds_max)
    settings = KafkaSettings(bootstrap_servers=kafka)
    app = build(member, settings, topics.events.name, hooks)
    agents.attach(app)
    hooks.app = app
    await app.start()
    try:
        await happens(lambda: not wait or hooks.assignments or app.crashed)
        yield app
    finally:
        await app.stop()


async def happens(look: Callable[[], Found], seconds_max: float = 60.0) -> Found:
    """Return what *look* finds as soon as it is true; the loop runs meanwhile."""
    deadline = time.monotonic() + seconds_max
    while not (found := look()):
        assert time.monotonic() < deadline, f"not within {seconds_max} s: {look}"
        await asyncio.sleep(0.02)
    return found


def write(kafka: str, topics: Topics, partition: int, count: int) -> None:
    """Write *count* messages into a partition, numbered from 0 on."""
    producer = Producer({"bootstrap.servers": kafka})
    for number in range(count):
        value = b"%d" % number
        producer.produce(topics.events.name, value, b"user", partition)
    assert producer.flush(20) == 0


def stored(kafka: str, topics: Topics) -> dict[int, Committed]:
    """Return what the members' group has committed."""
    name, partitions = topics.events.name, range(topics.partitions)
    settings = KafkaSettings(bootstrap_servers=kafka)
    return committed(settings, f"{name}.{GROUP}", name, partitions, 10.0)


async def commits(
    kafka: str, topics: Topics, partition: int, offset: int | None
) -> None:
    """Return once the group has committed *offset*."""

    def is_there() -> bool:
        return stored(kafka, topics)[partition].offset == offset

    deadline = time.monotonic() + 10.0
    while not await asyncio.to_thread(is_there):
        found = stored(kafka, topics)[partition]
        assert time.monotonic() < deadline, f"committed: {found}, not {offset}"
        await asyncio.sleep(0.05)
