"""Makes what a broker can leave behind: a transaction that its coordinator forgot."""

from __future__ import annotations

import asyncio

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
    bootstrap_servers: str, transactional_id: str, message: Message
) -> None:
    """Write *message* in a transaction that the coordinator never hears of."""
    asyncio.run(_leave(bootstrap_servers, transactional_id, message))


async def _leave(servers: str, transactional_id: str, message: Message) -> None:
    producer = AIOKafkaProducer(
        bootstrap_servers=servers, transactional_id=transactional_id
    )
    await producer.start()
    try:
        await producer.begin_transaction()
        place = TopicPartition(message.topic, message.partition)
        # What is noted here is not told to the coordinator any more.
        producer._txn_manager._txn_partitions.add(place)
        await producer.send_and_wait(
            message.topic, message.value, message.key, message.partition
        )
    finally:
        await producer.stop()
