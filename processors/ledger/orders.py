"""Reads operators' commands for the partitions that this worker owns."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import structlog
from confluent_kafka import KafkaException, TopicPartition

from events.kafka import KafkaSettings
from processors.delivery.commands import Command
from processors.ledger.clients import open_consumer
from processors.ledger.decode import command

log = structlog.get_logger()
POLL_SECONDS = 0.2
COMMANDS_MAX = 100
WAITING_MAX = 10_000  # an import may be of a million links: they wait in the topic
FULL_SECONDS = 0.05


class Orders:
    """Follows the commands topic; *order* is told of each, with its partition.

    *waiting* says how many are told and not carried out; it bounds what is read.
    Nobody joins a group for it: whoever owns a partition of the events owns its
    commands, and stores how far it is in the ledger.
    """

    def __init__(
        self,
        kafka: KafkaSettings,
        topic: str,
        order: Callable[[int, Command], None],
        waiting: Callable[[], int],
    ) -> None:
        self._topic = topic
        self._order = order
        self._waiting = waiting
        self._consumer = open_consumer(kafka, f"{topic}.reader", "read_committed")
        self._wanted: dict[int, int] = {}
        self._changed = True

    def watch(self, partition: int, offset: int) -> None:
        """Read *partition* from *offset* on."""
        self._wanted[partition] = offset
        self._changed = True

    def drop(self, partition: int) -> None:
        """Read *partition* no more."""
        self._changed = self._wanted.pop(partition, None) is not None or self._changed

    async def run(self) -> None:
        """Read until cancelled."""
        try:
            while True:
                if self._changed:
                    self._assign()
                if self._waiting() >= WAITING_MAX:
                    await asyncio.sleep(FULL_SECONDS)
                    continue
                found = await asyncio.to_thread(self._poll)
                if self._changed:
                    continue  # of before: what is wanted now is read from its offset on
                for message in found:
                    self._take(message)
        finally:
            await asyncio.to_thread(self._consumer.close)

    def _assign(self) -> None:
        self._changed = False
        self._consumer.assign(
            [TopicPartition(self._topic, p, o) for p, o in self._wanted.items()]
        )

    def _poll(self) -> list[Any]:
        try:
            return self._consumer.consume(COMMANDS_MAX, POLL_SECONDS)
        except KafkaException as error:
            log.warning("commands.not_read", reason=error.args[0].name())
            return []

    def _take(self, message: Any) -> None:
        partition, offset = message.partition(), message.offset()
        if message.error() is not None or offset < self._wanted.get(
            partition, offset + 1
        ):
            return
        self._wanted[partition] = offset + 1
        self._order(partition, command(offset, message.key(), message.value()))
