"""What is acked, committed and handed over again: real Faust, real Kafka."""

from __future__ import annotations

import pytest
from confluent_kafka import Producer

from events.topics import Topics
from processors.ledger.offsets import Committed
from tests.support.members import (
    Collector,
    commits,
    happens,
    running_member,
    stored,
    write,
)

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(60)]


async def test_every_offset_that_we_commit_carries_our_mark(
    kafka: str, topics: Topics
) -> None:
    write(kafka, topics, 0, 5)
    hooks = Collector()

    async with running_member(kafka, topics, hooks):
        await happens(lambda: len(hooks.got) == 5)
        await commits(kafka, topics, 0, 5)
        write(kafka, topics, 0, 2)
        await happens(lambda: len(hooks.got) == 7)

    assert stored(kafka, topics)[0] == Committed(7, marked=True)  # by the stop, too


@pytest.mark.parametrize("held", [0, 3, 8])
async def test_acks_out_of_order_commit_nothing_beyond_the_oldest_that_waits(
    kafka: str, topics: Topics, held: int
) -> None:
    write(kafka, topics, 1, 10)
    hooks = Collector(acks=False)

    async with running_member(kafka, topics, hooks) as app:
        await happens(lambda: len(hooks.got) == 10)
        for message in reversed(hooks.got):
            if message.offset != held:
                message.ack()
        await app.member.force_commit()
        before = stored(kafka, topics)[1].offset
        hooks.got[held].ack()
        await commits(kafka, topics, 1, 10)

    assert before in ((None, 0) if held == 0 else (held,))


async def test_offsets_that_the_log_skips_do_not_count_as_acked(
    kafka: str, topics: Topics
) -> None:
    name = topics.events.name
    producer = Producer(
        {"bootstrap.servers": kafka, "transactional.id": f"{name}.gaps"}
    )
    producer.init_transactions(20)
    for _ in range(4):  # each ends with a marker, which has an offset, too
        producer.begin_transaction()
        producer.produce(name, b"{}", b"user", 1)
        producer.commit_transaction(20)
    hooks = Collector(acks=False)

    async with running_member(kafka, topics, hooks) as app:
        await happens(lambda: hooks.offsets(1) == [0, 2, 4, 6])
        for index in (0, 1, 3):
            hooks.got[index].ack()
        await app.member.force_commit()

    assert stored(kafka, topics)[1].offset == 4


async def test_messages_of_a_transaction_that_was_aborted_never_come(
    kafka: str, topics: Topics
) -> None:
    name = topics.events.name
    producer = Producer(
        {"bootstrap.servers": kafka, "transactional.id": f"{name}.abort"}
    )
    producer.init_transactions(20)
    producer.begin_transaction()
    producer.produce(name, b"aborted", b"user", 1)
    producer.flush(20)
    producer.abort_transaction(20)
    write(kafka, topics, 1, 1)
    hooks = Collector()

    async with running_member(kafka, topics, hooks):
        await happens(lambda: hooks.got)

    assert [message.value for message in hooks.got] == [b"0"]


async def test_what_is_given_back_comes_again_and_is_not_waited_for(
    kafka: str, topics: Topics
) -> None:
    write(kafka, topics, 2, 3)
    first, second = Collector(acks=False), Collector()

    async with running_member(kafka, topics, first):
        await happens(lambda: len(first.got) == 3)
        first.got[0].ack()
        first.got[1].give_back()
        first.got[2].ack()
    async with running_member(kafka, topics, second):
        await happens(lambda: second.got)

    assert second.offsets(2) == [1, 2]


async def test_an_ack_after_the_partition_was_given_away_has_no_effect(
    kafka: str, topics: Topics
) -> None:
    write(kafka, topics, 0, 3)
    hooks, other = Collector(acks=False), Collector(acks=False)

    async with running_member(kafka, topics, hooks) as app:
        await happens(lambda: len(hooks.got) == 3)
        stale = list(hooks.got)
        async with running_member(kafka, topics, other):
            await happens(lambda: len(hooks.assignments) == 2)
        await happens(lambda: len(hooks.assignments) == 3)
        await happens(lambda: hooks.offsets(0) == [0, 1, 2, 0, 1, 2])
        for message in stale:
            message.ack()
        await app.member.force_commit()

    assert stored(kafka, topics)[0].offset in (None, 0)


async def test_a_message_without_key_value_or_readable_headers_comes_as_it_is(
    kafka: str, topics: Topics
) -> None:
    producer = Producer({"bootstrap.servers": kafka})
    producer.produce(topics.events.name, None, None, 0, headers=[("a", b"\xff")])
    producer.flush(20)
    hooks = Collector()

    async with running_member(kafka, topics, hooks):
        await happens(lambda: hooks.got)

    (message,) = hooks.got
    assert (message.key, message.value, message.headers) == (None, None, {"a": "�"})
    assert message.timestamp_seconds > 1.7e9
