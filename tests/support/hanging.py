"""Makes what a broker can leave behind: a transaction that its coordinator forgot."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from aiokafka import AIOKafkaProducer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import AlterConfigOpType, ConfigEntry, ConfigResource
from confluent_kafka.admin._resource import ResourceType

from events.publisher import Message

SETTING = "transaction.partition.verification.enable"


def let_transactions_hang(bootstrap_servers: str) -> None:
    """Switch off what keeps clients from writing outside of a transaction."""
    resource = ConfigResource(
        ResourceType.BROKER,
        "1",
        incremental_configs=[
            ConfigEntry(SETTING, "false", incremental_operation=AlterConfigOpType.SET)
        ],
    )
    admin = AdminClient({"bootstrap.servers": bootstrap_servers})
    for done in admin.incremental_alter_configs([resource]).values():
        done.result(10.0)


def leave_hanging(
    bootstrap_servers: str,
    transactional_id: str,
    hidden: Sequence[Message],
    seen: Sequence[Message] = (),
    *,
    committed: bool = False,
) -> None:
    """Write both in one transaction; the coordinator never hears of what is *hidden*.

    What is *seen* is *committed* or aborted, each record with its marker.
    """
    asyncio.run(_leave(bootstrap_servers, transactional_id, hidden, seen, committed))


async def _leave(
    servers: str,
    transactional_id: str,
    hidden: Sequence[Message],
    seen: Sequence[Message],
    committed: bool,  # noqa: FBT001 -- asyncio.run takes no names
) -> None:
    producer = AIOKafkaProducer(
        bootstrap_servers=servers, transactional_id=transactional_id
    )
    await producer.start()
    try:
        await producer.begin_transaction()
        for message in hidden:
            place = TopicPartition(message.topic, message.partition)
            # What is noted here is not told to the coordinator any more.
            producer._txn_manager._txn_partitions.add(place)
        for message in [*hidden, *seen]:
            await producer.send_and_wait(
                message.topic,
                message.value,
                message.key,
                message.partition,
                headers=message.headers,
            )
        if committed:
            await producer.commit_transaction()
        elif seen:
            await producer.abort_transaction()
    finally:
        await producer.stop()
