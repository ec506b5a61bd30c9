"""Kafka's double: topics, ledgers, the group's offsets, and the way there and back."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import NamedTuple, TypeVar

from processors.ledger.origin import Origin
from processors.ledger.placing import Placing
from tests.simulator.clock import Clock, Process
from tests.simulator.ledger import Ledger, Transaction
from tests.simulator.plan import PARTITIONS
from tests.simulator.topic import Stored, Topic

T = TypeVar("T")
SOURCE = "sim.events"
LOCAL_SECONDS, WAY_SECONDS = 0.002, 0.01


class Committed(NamedTuple):
    """The group's offset of a partition; `marked`: by a worker."""

    offset: int | None = None
    marked: bool = False


def origin_of(partition: int, stored: Stored) -> Origin:
    """Return a message as the product's rules take it."""
    place = SOURCE, partition, stored.offset
    return Origin(*place, stored.key, stored.value, stored.at)


class Watcher:
    """Is told what becomes durable; raises `Broken` for what must not."""

    def appended(self, partition: int, stored: Stored) -> None:
        """A message is in the source topic."""

    def ordered(self, partition: int) -> None:
        """A command is in the commands topic."""

    def applied(self, partition: int, transaction: Transaction) -> None:
        """A transaction is committed."""

    def committed(self, partition: int, before: int, offset: int) -> None:
        """A worker has committed the group's offset."""

    def asked(self, process: Process, kind: str) -> None:
        """A process is about to send a request."""


class Broker:
    """One cluster; nothing is answered while it is stalled."""

    def __init__(self, clock: Clock, random: Random, watcher: Watcher) -> None:
        self._clock = clock
        self._random = random
        self._watcher = watcher
        self.placing = Placing(SOURCE, PARTITIONS)
        self.stalled_until = 0.0
        self.topics = 0
        self.topic = self._new_topic()
        self.commands = Topic("commands", PARTITIONS)
        self.ledgers = [Ledger(self._told(number)) for number in range(PARTITIONS)]
        self.offsets: dict[int, Committed] = {}

    def _told(self, partition: int) -> Callable[[Transaction], None]:
        def applied(transaction: Transaction) -> None:
            self._watcher.applied(partition, transaction)
            for message in transaction.messages:
                if message.topic == SOURCE:
                    self.produce(message.key, message.value)

        return applied

    # ---- requests

    def ask(
        self,
        process: Process,
        kind: str,
        work: Callable[[], T],
        answer: Callable[[T], None],
    ) -> None:
        """Send a request, have *work* done here, and *answer* in the process.

        A process that ends before it is sent has not sent it; what is sent is done.
        """

        def send() -> None:
            self._clock.after(self._way(), arrive)

        def arrive() -> None:
            stalled = self.stalled_until - self._clock.now
            if stalled > 0:
                self._clock.after(stalled + self._way(), arrive)
                return
            found = work()
            process.after(self._way(), lambda: answer(found))

        process.after(self._random.random() * LOCAL_SECONDS, send)
        self._watcher.asked(process, kind)

    def _way(self) -> float:
        return self._random.random() * WAY_SECONDS

    # ---- the source topic

    def _new_topic(self) -> Topic:
        self.topics += 1
        return Topic(f"{self.topics:08}-topic", PARTITIONS)

    def produce(
        self, key: bytes | None, value: bytes | None, partition: int | None = None
    ) -> None:
        """Append a message; where no partition is named, its key decides."""
        if partition is None:
            partition = self.placing.of(key or b"")
        gap = self._random.choice((0, 0, 0, 0, 1, 3))
        stored = self.topic.append(partition, key, value, self._clock.now, gap)
        self._watcher.appended(partition, stored)

    def recreate(self) -> None:
        """Delete the source topic and make it anew; the group's offsets go with it."""
        self.topic = self._new_topic()
        self.offsets.clear()

    # ---- the group's offsets

    def commit(self, partition: int, offset: int) -> None:
        """Store the offset that a worker has reached."""
        before = self.offsets.get(partition, Committed()).offset or 0
        self._watcher.committed(partition, before, offset)
        self.offsets[partition] = Committed(offset, marked=True)

    def position(self, partition: int) -> int:
        """Return where a consumer begins: what is committed, or the beginning."""
        return self.offsets.get(partition, Committed()).offset or 0

    def order(self, partition: int, key: bytes, value: bytes) -> None:
        """Append an operator's command."""
        self.commands.append(partition, key, value, self._clock.now)
        self._watcher.ordered(partition)
