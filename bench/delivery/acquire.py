"""Acquires every partition as a worker does, and prints seconds and memory as JSON.

`python -m bench.delivery.acquire <destination>`, with the settings of a worker.
"""

from __future__ import annotations

import asyncio
import resource
import sys
import time

import msgspec

from events.kafka import KafkaSettings
from events.settings import InstallationSettings, read
from processors.ledger.commits import Commits
from processors.ledger.loading import Loading, Read, Source


class Acquired(msgspec.Struct, frozen=True):
    """How long fence and load took, the most memory meanwhile, and what is held."""

    fence_seconds: float
    load_seconds: float
    cpu_seconds: float  # of the whole process, with its start
    rss_mb_max: float  # of the whole process, in 10^6 bytes
    links: int

    @property
    def seconds(self) -> float:
        """From the assignment to the last loaded partition, without the probes."""
        return self.fence_seconds + self.load_seconds


async def acquire(destination: str) -> Acquired:
    """Fence and load all partitions, and hold them."""
    kafka, topics = read(KafkaSettings), read(InstallationSettings).topics
    group, events = f"{topics.installation}.{destination}", topics.events
    partitions = range(events.partitions)
    commits = Commits(
        kafka,
        group,
        events.name,
        [topic.name for topic in topics.written_by(destination)],
        threads=min(events.partitions, 16),
        transaction_timeout_seconds=15.0,
    )
    loading = Loading(Source(kafka, topics, destination, group, "earliest"))
    started = time.monotonic()
    async with asyncio.TaskGroup() as fences:
        opened = [fences.create_task(commits.open(number)) for number in partitions]
    fenced = time.monotonic()
    async with asyncio.TaskGroup() as loads:
        loaded = [loads.create_task(loading.load(number)) for number in partitions]
    ended = time.monotonic()
    assert all(task.result() for task in opened)  # noqa: S101 -- the bench's broker is up
    held: list[Read] = [task.result() for task in loaded]
    links = sum(len(partition.loaded.links) for partition in held)
    used = resource.getrusage(resource.RUSAGE_SELF)
    await commits.close_all()
    return Acquired(
        fence_seconds=fenced - started,
        load_seconds=ended - fenced,
        cpu_seconds=used.ru_utime + used.ru_stime,
        rss_mb_max=used.ru_maxrss * 1024 / 1e6,
        links=links,
    )


if __name__ == "__main__":
    found = asyncio.run(acquire(sys.argv[1]))
    print(msgspec.json.encode(found).decode())
