"""Fetches the bodies of parked events, which are not kept in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import structlog

from processors.delivery.lane import Waiting
from processors.ledger.clients import LedgerUnavailable
from processors.ledger.decode import restored
from processors.ledger.values import Values

log = structlog.get_logger()
AGAIN_SECONDS = 0.5


class LedgerBroken(Exception):
    """What was written to the ledger is not there any more: read it anew."""


class Bodies:
    """Reads what was parked back from the retry topic.

    What several lanes ask for at about the same time is read together, and with it what
    will soon be asked for: to ask for a place costs more than to read on to it.
    """

    def __init__(self, values: Values) -> None:
        self._values = values
        self._wanted: dict[int, dict[int, Waiting]] = {}
        self._ahead: set[Waiting] = set()  # of those, for what is not needed yet
        self._gone: set[Waiting] = set()
        self._reading = asyncio.Lock()

    async def fill(
        self, partition: int, events: Iterable[Waiting], ahead: Iterable[Waiting] = ()
    ) -> None:
        """Return once every one of *events* has its body; waits while Kafka is away.

        Those *ahead* get theirs, too, where they are found on the way.

        Raises:
            LedgerBroken: One of *events* is not parked any more.
        """
        while missing := [event for event in events if event.body is None]:
            self._want_ahead(partition, ahead)
            self._want(partition, missing)
            self._ahead.difference_update(missing)
            async with self._reading:
                await self._read()
            gone = self._gone.intersection(missing)
            if gone:
                self._gone -= gone
                raise LedgerBroken(
                    f"retry topic, partition {partition}: the entry of offset "
                    f"{gone.pop().offset} is gone: nobody but a worker may write there"
                )

    async def fetch_ahead(self, partition: int, events: Iterable[Waiting]) -> None:
        """Give *events* their bodies before they are needed, where Kafka is there."""
        self._want_ahead(partition, events)
        async with self._reading:
            await self._read()

    def _want_ahead(self, partition: int, events: Iterable[Waiting]) -> None:
        self._want(partition, events)
        self._ahead.update(events)

    def _want(self, partition: int, events: Iterable[Waiting]) -> None:
        wanted = self._wanted.setdefault(partition, {})
        for event in events:
            entry = event.entry
            assert entry is not None  # noqa: S101 -- only parked events have no body
            wanted[entry.record_offset] = event

    async def _read(self) -> None:
        wanted, self._wanted = self._wanted, {}
        ahead, self._ahead = self._ahead, set()
        for partition, asked in wanted.items():
            # Some may have got theirs while this waited for its turn.
            events = {at: event for at, event in asked.items() if event.body is None}
            places = {offset: event.retry_key for offset, event in events.items()}
            try:
                found = await asyncio.to_thread(self._values.fetch, partition, places)
            except LedgerUnavailable as error:
                # Whoever waits for it asks again.
                log.warning("ledger.not_read", reason=error.reason)
                await asyncio.sleep(AGAIN_SECONDS)
                continue
            for event in events.values():
                stored = found.get(event.retry_key)
                if stored is None:
                    self._gone.update({event} - ahead)
                else:
                    restored(event, stored.value, stored.headers)
