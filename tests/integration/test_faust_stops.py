"""Members that give partitions away, stop and fail: real Faust, real Kafka."""

from __future__ import annotations

import asyncio
import time

import pytest

from events.topics import Topics
from processors.group.consumer import REVOKE_MARGIN_SECONDS
from processors.group.hooks import Arrived
from processors.ledger.offsets import Committed
from tests.support.broker import make_topics, own_broker
from tests.support.members import (
    Collector,
    commits,
    happens,
    running_member,
    stored,
    write,
)

pytestmark = [pytest.mark.kafka, pytest.mark.alone, pytest.mark.timeout(90)]
COUNT = 200


class Draining(Collector):
    """Acks nothing but, when it has to give partitions away, its first messages."""

    def __init__(self, acks_max: int, seconds: float) -> None:
        super().__init__(acks=False)
        self.acks_max = acks_max
        self.seconds = seconds

    async def revoked(self, *, lost: bool) -> None:
        await super().revoked(lost=lost)
        for message in self.got[: self.acks_max]:
            message.ack()
        await asyncio.sleep(self.seconds)


async def test_a_drain_that_never_ends_is_cut_off_and_what_it_acked_is_committed(
    kafka: str, topics: Topics
) -> None:
    write(kafka, topics, 0, 10)
    first, second = Draining(4, seconds=600.0), Collector()

    async with running_member(kafka, topics, first, drain_seconds_max=1.0):
        await happens(lambda: len(first.got) == 10)
        began = time.monotonic()
        async with running_member(kafka, topics, second):
            seconds = time.monotonic() - began
            await happens(lambda: len(first.assignments) == 2)
            assert first.assignments[1] | second.assignments[0] == {0, 1, 2}
            assert stored(kafka, topics)[0] == Committed(4, marked=True)
        first.seconds = 0.0

    assert 1.0 + REVOKE_MARGIN_SECONDS < seconds < 12.0
    assert set(first.revocations) == {False}


async def test_nothing_is_lost_and_order_holds_while_members_come_and_go(
    kafka: str, topics: Topics
) -> None:
    for partition in range(3):
        write(kafka, topics, partition, COUNT)
    first, second = Collector(), Collector()

    async with running_member(kafka, topics, first):
        async with running_member(kafka, topics, second):
            for partition in range(3):
                write(kafka, topics, partition, COUNT)
            await happens(lambda: len(first.got) + len(second.got) >= 6 * COUNT)
        await asyncio.to_thread(write, kafka, topics, 0, COUNT)
        await happens(lambda: 3 * COUNT - 1 in first.offsets(0) + second.offsets(0))

    for partition, end in ((0, 3 * COUNT), (1, 2 * COUNT), (2, 2 * COUNT)):
        # All was acked at once and committed before it was given away: so never twice.
        assert sorted(first.offsets(partition) + second.offsets(partition)) == list(
            range(end)
        )
        for member in (first, second):
            assert member.offsets(partition) == sorted(member.offsets(partition))


async def test_a_stop_with_messages_that_are_never_acked_ends_in_time(
    kafka: str, topics: Topics
) -> None:
    write(kafka, topics, 0, COUNT)
    hooks = Draining(3, seconds=0.0)

    async with running_member(kafka, topics, hooks) as app:
        await happens(lambda: len(hooks.got) == COUNT)
        began = time.monotonic()
        await app.stop()
        seconds = time.monotonic() - began

    assert seconds < 3.0
    assert hooks.revocations == [False]
    assert stored(kafka, topics)[0] == Committed(3, marked=True)


async def test_a_stop_ends_in_time_while_no_message_finds_room(
    kafka: str, topics: Topics
) -> None:
    write(kafka, topics, 0, COUNT)
    hooks = Collector(acks=False)
    hooks.room_made.clear()

    async with running_member(kafka, topics, hooks) as app:
        await happens(lambda: hooks.got)
        began = time.monotonic()
        await app.stop()
        seconds = time.monotonic() - began

    assert len(hooks.got) == 1
    assert seconds < 3.0


@pytest.mark.parametrize("fault", ["pause", "kill"])
async def test_a_stop_ends_in_time_when_no_broker_answers(
    installation: str, fault: str
) -> None:
    with own_broker() as broker:
        topics = make_topics(broker.bootstrap_servers, installation)
        write(broker.bootstrap_servers, topics, 0, 10)
        hooks = Collector(acks=False)

        async with running_member(broker.bootstrap_servers, topics, hooks) as app:
            await happens(lambda: len(hooks.got) == 10)
            getattr(broker, fault)()
            for message in hooks.got:
                message.ack()  # so there is something to commit
            began = time.monotonic()
            await app.stop()
            seconds = time.monotonic() - began
        broker.resume() if fault == "pause" else None

    assert seconds < 10.0


async def test_a_stop_and_a_rebalance_at_once_drain_once_and_give_all_away(
    kafka: str, topics: Topics
) -> None:
    write(kafka, topics, 1, 10)
    first, second = Draining(5, seconds=2.0), Collector()

    async with running_member(kafka, topics, first) as app:
        await happens(lambda: len(first.got) == 10)
        stopping = asyncio.create_task(app.stop())
        await happens(lambda: first.revocations)
        began = time.monotonic()
        async with running_member(kafka, topics, second):
            await happens(lambda: second.assignments[-1] == {0, 1, 2})
            seconds = time.monotonic() - began
            await happens(lambda: len(second.offsets(1)) == 5)
            await asyncio.wait_for(stopping, 5.0)

    assert first.revocations == [False]
    assert second.offsets(1) == [5, 6, 7, 8, 9]
    assert seconds < 8.0


@pytest.mark.parametrize("worker_id", [None, "worker-1"])
async def test_a_member_that_stops_while_it_joins_does_not_wait_for_those_who_drain(
    kafka: str, topics: Topics, worker_id: str | None
) -> None:
    draining, joining, third = Draining(0, seconds=0.0), Collector(), Collector()

    async with running_member(kafka, topics, draining):
        member = running_member(kafka, topics, joining, worker_id=worker_id)
        async with member as app:
            await happens(lambda: len(draining.assignments) == 2)
            draining.seconds = 4.5
            begun, joined = len(draining.revocations), len(joining.revocations)
            starting = asyncio.create_task(started(kafka, topics, third))
            await happens(lambda: len(draining.revocations) > begun)
            await happens(lambda: len(joining.revocations) > joined)
            began = time.monotonic()
            await app.stop()
            seconds = time.monotonic() - began
        draining.seconds = 0.0
        await starting

    assert seconds < 2.0


async def started(kafka: str, topics: Topics, hooks: Collector) -> None:
    async with running_member(kafka, topics, hooks):
        pass


class Faulty(Collector):
    """Has a bug in one place."""

    def __init__(self, where: str) -> None:
        super().__init__(acks=False)
        self.where = where

    def _reach(self, where: str) -> None:
        if where == self.where:
            raise ZeroDivisionError(where)

    def take(self, message: Arrived) -> None:
        super().take(message)
        if message.offset == 2:
            self._reach("take")
        message.ack()

    async def room(self) -> None:
        if len(self.got) == 3:
            self._reach("room")

    async def assigned(self, partitions: frozenset[int]) -> None:
        await super().assigned(partitions)
        self._reach("assigned")

    async def revoked(self, *, lost: bool) -> None:
        await super().revoked(lost=lost)
        self._reach("revoked")


@pytest.mark.parametrize("where", ["take", "room", "assigned", "revoked"])
async def test_a_bug_ends_the_worker_and_skips_no_message(
    kafka: str, topics: Topics, where: str
) -> None:
    write(kafka, topics, 0, 10)
    hooks, other = Faulty(where), Collector()

    async with running_member(kafka, topics, hooks) as app:
        if where == "revoked":
            async with running_member(kafka, topics, other, wait=False):
                await happens(lambda: app.crashed)
        await happens(lambda: app.crashed)
        reason = app.crash_reason
        began = time.monotonic()
    seconds = time.monotonic() - began

    assert isinstance(reason, ZeroDivisionError)
    assert str(reason) == where
    assert seconds < 8.0
    offset = stored(kafka, topics)[0].offset or 0
    assert offset <= (2 if where == "take" else 10)


async def test_a_member_that_crashed_commits_no_more_than_was_acked(
    kafka: str, topics: Topics
) -> None:
    write(kafka, topics, 0, 10)
    hooks = Faulty("take")

    async with running_member(kafka, topics, hooks) as app:
        await happens(lambda: app.crashed)
    after = Collector()
    async with running_member(kafka, topics, after):
        await commits(kafka, topics, 0, 10)

    assert hooks.offsets(0) == [0, 1, 2]
    assert {2, 3, 4, 5, 6, 7, 8, 9} <= set(after.offsets(0))
