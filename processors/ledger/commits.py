"""The transactions of all owned partitions, off the event loop."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Literal, ParamSpec, TypeVar

import structlog

from events.kafka import KafkaSettings
from events.publisher import Message
from processors.ledger.clients import LedgerUnavailable
from processors.ledger.offsets import MarkedOffsets
from processors.ledger.place import Place
from processors.ledger.stable import StableEnds
from processors.ledger.transactions import Transactions

log = structlog.get_logger()
Result = Literal["durable", "fenced", "unknown", "aborted"]
OPEN_SECONDS_MAX = 15.0
P = ParamSpec("P")
T = TypeVar("T")


class Commits:
    """One transactional producer per owned partition: `<group>.<partition>`.

    *topic* is the source; *written* are the ledger's topics, which have as many.
    A partition has one call at a time; those of several run side by side, each in a
    thread, for librdkafka's transactions block.
    """

    def __init__(
        self,
        kafka: KafkaSettings,
        group: str,
        topic: str,
        written: Sequence[str],
        threads: int,
        *,
        transaction_timeout_seconds: float,
    ) -> None:
        self._kafka = kafka
        self._group = group
        self._topic = topic
        self._written = written
        self._timeout_seconds = transaction_timeout_seconds
        self._stable = StableEnds(kafka)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="ledger")
        self._opened: dict[int, Transactions] = {}
        self._turns: dict[int, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def open(self, partition: int) -> bool:
        """Fence every former owner of *partition*; False: ask again."""
        transactions = self._opened.get(partition)
        if transactions is None:
            transactions = Transactions(
                self._kafka,
                f"{self._group}.{partition}",
                [Place(topic, partition) for topic in self._written],
                self._stable,
                transaction_timeout_seconds=self._timeout_seconds,
            )
            self._opened[partition] = transactions
        try:
            async with self._turns[partition]:
                await self._run(transactions.open, OPEN_SECONDS_MAX)
        except LedgerUnavailable as error:
            log.warning("ledger.not_opened", partition=partition, reason=error.reason)
            return False
        return True

    def write(self, partition: int, messages: Sequence[Message]) -> Future[Result]:
        """Begin to write *messages* in one transaction, and return its end.

        That raises RecordRefused where the broker will never take one of them.
        """
        return self._pool.submit(_write, self._opened[partition], messages)

    def gaps(self, partition: int) -> int:
        """Return how many gaps transactions have left in the offsets of *partition*."""
        return self._opened[partition].gaps

    async def commit(self, partition: int, offset: int) -> Result:
        """Commit the group's offset of an owned partition, with our mark."""
        offsets = MarkedOffsets(self._group, self._topic, {partition: offset})
        return await self._run(_write, self._opened[partition], (), offsets)

    async def close(self, partition: int) -> None:
        """Give the partition's producer up."""
        transactions = self._opened.pop(partition, None)
        if transactions is not None:
            async with self._turns[partition]:
                await self._run(transactions.close)

    async def close_all(self) -> None:
        """Give all producers up; call when nothing is written any more."""
        for partition in list(self._opened):
            await self.close(partition)
        self._pool.shutdown(wait=False)
        self._stable.close()

    async def _run(self, work: Callable[P, T], *arguments: P.args, **_: P.kwargs) -> T:
        loop = asyncio.get_running_loop()
        # A commit cannot be called off: whoever is cancelled meanwhile leaves it be.
        return await asyncio.shield(loop.run_in_executor(self._pool, work, *arguments))


def _write(
    transactions: Transactions,
    messages: Sequence[Message],
    offsets: MarkedOffsets | None = None,
) -> Result:
    result: Result = transactions.write(messages, offsets).value
    return result
