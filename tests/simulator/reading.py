"""Reads what is durable of a partition: to load it, and to fetch what is parked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass

from processors.delivery.lane import Waiting
from processors.delivery.partition import Loaded
from processors.delivery.records import Meta
from processors.ledger import decode
from tests.simulator.broker import Broker, Committed
from tests.simulator.clock import Process
from tests.simulator.ledger import Stored


@dataclass(frozen=True)
class Reading:
    """One worker's reader of ledgers.

    `start` says where a new destination begins in a partition.
    """

    process: Process
    broker: Broker
    start: Callable[[int], int]

    def load(self, number: int, loaded: Callable[[Loaded], None]) -> None:
        """Read the links, and then, some time later, all the rest."""
        ledger = self.broker.ledgers[number]

        def links() -> dict[bytes, bytes]:
            return dict(ledger.links)

        def then(found: dict[bytes, bytes]) -> None:
            self.broker.ask(
                self.process, "load", lambda: self._loaded(number, found), loaded
            )

        self.broker.ask(self.process, "load", links, then)

    def _loaded(self, number: int, links: dict[bytes, bytes]) -> Loaded:
        ledger = self.broker.ledgers[number]
        parked = [copy(stored.event) for stored in ledger.retry.values()]
        offset, marked = self.broker.offsets.get(number, Committed())
        meta: Meta | None = ledger.meta
        return Loaded(links, parked, meta, offset, marked, self.start(number))

    def fill(
        self,
        number: int,
        events: Sequence[Waiting],
        filled: Callable[[Waiting | None], None],
    ) -> None:
        """Fetch the bodies of parked *events*; *filled* is told of one that is gone."""
        ledger = self.broker.ledgers[number]
        missing = [event for event in events if event.body is None]
        if not missing:
            filled(None)
            return

        def read() -> list[Stored | None]:
            return [ledger.retry.get(event.retry_key) for event in missing]

        def fill(found: list[Stored | None]) -> None:
            for event, stored in zip(missing, found, strict=True):
                if stored is None:
                    filled(event)
                    return
                decode.restored(event, stored.value, stored.headers)
            filled(None)

        self.broker.ask(self.process, "fetch", read, fill)
