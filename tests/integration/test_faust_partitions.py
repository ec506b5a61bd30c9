"""Single partitions of a member: paused, skipped, out of the log. All parts real."""

from __future__ import annotations

import asyncio

import pytest
from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition
from confluent_kafka.admin import AdminClient

from events.exits import BadConfiguration
from events.topics import Topics
from processors.group.hooks import Arrived
from processors.ledger.offsets import Committed
from tests.support.eventually import eventually
from tests.support.members import (
    GROUP,
    Collector,
    commits,
    happens,
    running_member,
    stored,
    write,
)

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(60)]
MANY = 1500  # more than Faust buffers, and than one fetch hands on


class Pausing(Collector):
    """Pauses partition 0 at its first message."""

    def take(self, message: Arrived) -> None:
        if not self.offsets(0) and message.partition == 0:
            self.app.pause_partition(0)
        super().take(message)


async def test_a_paused_partition_stops_no_other_and_skips_nothing_when_it_goes_on(
    kafka: str, topics: Topics
) -> None:
    for partition in range(3):
        write(kafka, topics, partition, MANY)
    hooks = Pausing()

    async with running_member(kafka, topics, hooks) as app:
        await happens(lambda: len(hooks.offsets(1)) == len(hooks.offsets(2)) == MANY)
        await happens(lambda: hooks.offsets(0) != [])  # it can come last
        paused_at = len(hooks.offsets(0))
        app.resume_partition(0)
        await happens(lambda: len(hooks.offsets(0)) >= MANY)

    assert 0 < paused_at < MANY
    assert hooks.offsets(0) == list(range(MANY))


async def test_a_pause_ends_with_the_assignment_in_which_it_was_set(
    kafka: str, topics: Topics
) -> None:
    hooks, other = Collector(), Collector()

    async with running_member(kafka, topics, hooks) as app:
        for partition in range(3):
            app.pause_partition(partition)
        async with running_member(kafka, topics, other):
            pass
        await happens(lambda: hooks.assignments[-1] == {0, 1, 2})
        write(kafka, topics, 0, 1)

        assert await happens(lambda: hooks.got)


class SlowToBegin(Collector):
    """Needs a while to take partitions over."""

    async def assigned(self, partitions: frozenset[int]) -> None:
        await asyncio.sleep(1.0)
        self.early = len(self.got)
        await super().assigned(partitions)


async def test_no_message_comes_before_the_worker_has_taken_the_partitions_over(
    kafka: str, topics: Topics
) -> None:
    write(kafka, topics, 0, 3)
    hooks = SlowToBegin()

    async with running_member(kafka, topics, hooks):
        await happens(lambda: len(hooks.got) == 3)

    assert hooks.early == 0


class StartingLater(Collector):
    """Holds what it is assigned back, until the test lets it begin somewhere."""

    async def assigned(self, partitions: frozenset[int]) -> None:
        for partition in partitions:
            self.app.pause_partition(partition)
        await super().assigned(partitions)


async def test_a_partition_can_begin_at_an_offset_that_is_committed_before_it_is_served(
    kafka: str, topics: Topics
) -> None:
    for partition in (0, 1):
        write(kafka, topics, partition, 10)
    hooks = StartingLater()

    async with running_member(kafka, topics, hooks) as app:
        assert await app.commit_marked({0: 10, 1: 4})
        assert stored(kafka, topics)[0] == Committed(10, marked=True)
        for partition in (0, 1):
            app.resume_partition(partition)
        write(kafka, topics, 0, 1)
        await happens(lambda: len(hooks.got) >= 7)

    assert hooks.offsets(0) == [10]
    assert hooks.offsets(1) == [4, 5, 6, 7, 8, 9]


async def test_a_partition_of_others_cannot_be_committed(
    kafka: str, topics: Topics
) -> None:
    hooks = Collector()

    async with running_member(kafka, topics, hooks) as app:
        assert not await app.commit_marked({topics.partitions + 5: 1})


async def test_a_group_without_an_offset_begins_at_the_earliest_there_is(
    kafka: str, topics: Topics
) -> None:
    write(kafka, topics, 0, 6)
    trim(kafka, topics, 0, 4)
    hooks = Collector()

    async with running_member(kafka, topics, hooks):
        await happens(lambda: len(hooks.got) == 2)

    assert hooks.offsets(0) == [4, 5]


@pytest.mark.parametrize("offset", [2, 11])
async def test_a_committed_offset_outside_the_log_is_refused_with_place_and_cure(
    kafka: str, topics: Topics, offset: int
) -> None:
    write(kafka, topics, 1, 8)
    trim(kafka, topics, 1, 5)
    commit(kafka, topics, 1, offset)
    hooks = Collector()

    async with running_member(kafka, topics, hooks) as app:
        crash = await happens(lambda: app.crash_reason)

    assert isinstance(crash, BadConfiguration)
    name = topics.events.name
    assert f"topic {name}, partition 1: " in str(crash)
    assert f"goes on at offset {offset}, but the log holds 5 to 8" in str(crash)
    assert f"--group {name}.{GROUP} --topic {name}:1 --reset-offsets" in str(crash)
    assert hooks.got == []


async def test_a_log_that_is_cut_off_before_us_while_we_wait_is_refused_not_skipped(
    kafka: str, topics: Topics
) -> None:
    write(kafka, topics, 1, 3)
    hooks = Collector()

    async with running_member(kafka, topics, hooks) as app:
        await happens(lambda: len(hooks.got) == 3)
        app.pause_partition(1)
        await commits(kafka, topics, 1, 3)
        # A fetch from before the pause may wait at the broker still: it takes this one.
        await asyncio.to_thread(write, kafka, topics, 1, 1)
        await asyncio.to_thread(write, kafka, topics, 1, 5 * MANY)
        await asyncio.to_thread(trim, kafka, topics, 1, 5 * MANY)
        app.resume_partition(1)
        crash = await happens(lambda: app.crash_reason)

    assert isinstance(crash, BadConfiguration)
    assert hooks.offsets(1) == list(range(len(hooks.got)))


def trim(kafka: str, topics: Topics, partition: int, before: int) -> None:
    """Remove what lies before an offset, as retention does."""
    place = TopicPartition(topics.events.name, partition, before)
    admin = AdminClient({"bootstrap.servers": kafka})
    admin.delete_records([place])[place].result(20)


def commit(kafka: str, topics: Topics, partition: int, offset: int) -> None:
    """Commit an offset, as an operator's tool does."""
    name = topics.events.name
    admin = AdminClient({"bootstrap.servers": kafka})

    def is_done() -> bool:  # not at once where the broker has just made its topic
        places = [TopicPartition(name, partition, offset)]
        group = ConsumerGroupTopicPartitions(f"{name}.{GROUP}", places)
        (future,) = admin.alter_consumer_group_offsets([group]).values()
        return all(done.error is None for done in future.result(20).topic_partitions)

    eventually(is_done)
