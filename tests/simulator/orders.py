"""One worker's reader of commands, as `processors.ledger.orders`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from processors.delivery.commands import Command
from processors.ledger.decode import command
from tests.simulator.broker import Broker
from tests.simulator.clock import Process
from tests.simulator.topic import Stored


@dataclass
class Orders:
    """Follows the commands of owned partitions; `order` is told of each."""

    process: Process
    broker: Broker
    order: Callable[[int, Command], None]
    _next: dict[int, int] = field(default_factory=dict)
    _watches: dict[int, int] = field(default_factory=dict)
    _asking: set[int] = field(default_factory=set)

    def watch(self, partition: int, offset: int) -> None:
        """Read *partition* from *offset* on, whatever was read of it before."""
        self._next[partition] = offset
        self._watches[partition] = self._watches.get(partition, 0) + 1
        self._asking.discard(partition)
        self.ordered(partition)

    def drop(self) -> None:
        """Read nothing more."""
        self._next.clear()

    def ordered(self, partition: int) -> None:
        """Look for new commands in *partition*."""
        offset = self._next.get(partition)
        log = self.broker.commands
        if offset is None or partition in self._asking or offset >= log.end(partition):
            return
        self._asking.add(partition)
        watch = self._watches[partition]

        def take(found: list[Stored]) -> None:
            if watch == self._watches[partition] and partition in self._next:
                self._take(partition, found)

        self.broker.ask(
            self.process, "orders", lambda: log.read(partition, offset, 3), take
        )

    def _take(self, partition: int, found: list[Stored]) -> None:
        self._asking.discard(partition)
        for stored in found:
            self._next[partition] = stored.offset + 1
            self.order(partition, command(stored.offset, stored.key, stored.value))
        self.ordered(partition)
