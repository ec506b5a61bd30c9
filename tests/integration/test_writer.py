"""The transactions of a partition, one after the other: on a real broker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from types import SimpleNamespace
from typing import Any, cast

import pytest

from events.topics import Topics
from processors.delivery.partition import Partition
from processors.delivery.records import Meta
from processors.ledger.commits import Commits
from processors.ledger.encode import Encoder
from processors.metrics import WorkerMetrics
from processors.pace import Pace
from processors.refs import References
from processors.rest.budget import Budget
from processors.rest.connection import Limits
from processors.tools import Tools
from processors.urgent import Urgent
from processors.writer import Writer
from tests.support.core import TOPIC, nothing, rules
from tests.support.ledger import Ledger, make_ledger

pytestmark = pytest.mark.kafka
LIMITS = Limits.model_validate({"rates": [{"calls": 50, "per_seconds": 1}]})


@pytest.fixture
def ledger(kafka: str, installation: str) -> Ledger:
    return make_ledger(kafka, installation)


@pytest.fixture
async def commits(ledger: Ledger) -> AsyncIterator[Commits]:
    written = [topic.name for topic in ledger.topics.written_by("crm")]
    group, events = f"{ledger.topics.installation}.crm", ledger.topics.events.name
    opened = Commits(
        ledger.kafka, group, events, written, 2, transaction_timeout_seconds=15.0
    )
    yield opened
    await opened.close_all()


class Written:
    """A partition whose first transaction is to be written, and what came of it."""

    def __init__(self, topics: Topics, commits: Commits) -> None:
        self.core = Partition(0, TOPIC, rules())
        self.failed = list[Coroutine[Any, Any, None]]()
        self.done = asyncio.Event()
        served = SimpleNamespace(
            urgent=Urgent(self._failed),
            commits=commits,
            encoder=Encoder(topics, "crm", References("a-secret-of-16-bytes"), "w"),
            member=SimpleNamespace(may_own=lambda: True),
            metrics=WorkerMetrics("crm"),
            pace=Pace(0.01),
            watch=lambda *_: None,
            attempts=SimpleNamespace(budget=Budget(LIMITS, 1)),
        )
        self.writer = Writer(self.core, cast("Tools", served), self.done.set)

    def _failed(self, raises: Coroutine[Any, Any, None]) -> None:
        self.failed.append(raises)
        self.done.set()

    async def begin(self, commits: Commits) -> None:
        """Begin to write that the partition has an owner."""
        assert await commits.open(0)
        self.core.assigned()
        self.core.opened()
        self.core.loaded(nothing(meta=Meta(TOPIC)))
        self.core.committed()
        self.writer.loaded(0)
        assert self.core.want() == "write"
        self.writer.begin()

    async def end(self) -> None:
        """Wait for the end of the transaction."""
        await asyncio.wait_for(self.done.wait(), 30)
        for failure in self.failed:
            await failure


async def test_what_is_written_is_there_when_the_partition_goes_on(
    ledger: Ledger, commits: Commits
) -> None:
    written = Written(ledger.topics, commits)

    await written.begin(commits)
    await written.end()

    assert written.core.want() == "nothing"
    assert [record.key for record in ledger.stored()] != []


async def test_a_transaction_that_ends_after_its_partition_was_lost_is_let_be(
    ledger: Ledger, commits: Commits
) -> None:
    written = Written(ledger.topics, commits)

    await written.begin(commits)
    written.core.lost()
    await commits.close(0)
    await written.end()

    assert written.core.state == "free"
