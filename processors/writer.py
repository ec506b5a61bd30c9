"""The transactions of one owned partition, one after the other."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from functools import partial

import structlog

from processors.delivery.partition import Batch, Partition
from processors.delivery.records import Outcome, Park, Unpark
from processors.ledger.commits import Result
from processors.ledger.encode import Effort
from processors.tools import Tools

log = structlog.get_logger()
AGAIN_SECONDS = 0.2


class Writer:
    """Writes what *core* wants written, and calls *done* when it may be asked again.

    Transactions of a busy partition are some time apart (`Pace`).
    """

    def __init__(self, core: Partition, tools: Tools, done: Callable[[], None]) -> None:
        self._core = core
        self._tools = tools
        self._done = done
        self._retry_end = 0
        self._gaps = 0

    def loaded(self, retry_end: int) -> None:
        """Note where the next record of the retry topic goes to."""
        self._retry_end = retry_end
        self._gaps = self._tools.commits.gaps(self._core.number)

    def begin(self) -> None:
        """Write what is wanted, when its time has come."""
        pause_seconds = self._tools.pace.pause_seconds(
            self._core.number, time.monotonic()
        )
        if pause_seconds > 0 and self._core.state == "active":
            self._tools.urgent.later(pause_seconds, self._write)
        else:
            self._write()

    def _write(self) -> None:
        core, tools = self._core, self._tools
        if core.want() != "write":
            self._done()
        elif core.state == "preparing" and not tools.member.may_own():
            tools.urgent.later(AGAIN_SECONDS, self._done)
        else:
            tools.pace.began(core.number, time.monotonic())
            batch = core.batch()
            messages = tools.encoder.encode(core.number, batch.records)
            writing = tools.commits.write(core.number, messages)
            tools.urgent.after(writing, partial(self._written, batch))

    def _written(self, batch: Batch, writing: Future[Result]) -> None:
        result = writing.result()
        seconds = self._tools.pace.ended(self._core.number, time.monotonic())
        self._tools.metrics.committed(self._core.number, result, seconds)
        take_in = partial(self._take_in, batch, result)
        if result == "aborted":
            self._tools.urgent.later(AGAIN_SECONDS, take_in)
        else:
            take_in()

    def _take_in(self, batch: Batch, result: Result) -> None:
        core, number = self._core, self._core.number
        was = core.state
        core.written(batch, result, time.time())
        if result != "durable":
            log.warning("ledger.not_written", partition=number, why=result)
        elif core.state != "free" and self._has_new_gaps():
            self._tools.worker.spawn(self._recount(batch, was))
            return
        else:
            self._durable(batch)
        self._end(was)

    def _has_new_gaps(self) -> bool:
        known, self._gaps = self._gaps, self._tools.commits.gaps(self._core.number)
        return self._gaps != known

    async def _recount(self, batch: Batch, was: str) -> None:
        """Find out where the batch begins: transactions left gaps."""
        number = self._core.number
        entries = sum(isinstance(r, Park | Unpark) for r in batch.records)
        end = await self._tools.loading.retry_end(number)
        self._retry_end = end - entries - (1 if entries else 0)
        self._durable(batch)
        self._end(was)

    def _end(self, was: str) -> None:
        core, tools = self._core, self._tools
        if was != "active" and core.state == "active":
            tools.watch(core.number, core.durable.meta.commands + 1)
            tools.attempts.budget.serve(core.number, core.own.calls_counted())
            log.info("partition.active", partition=core.number)
        self._done()

    def _durable(self, batch: Batch) -> None:
        """Note where parked events were written, and count what has ended."""
        at = self._retry_end
        for record in batch.records:
            match record:
                case Park(event=event) if event.entry is not None:
                    event.entry = replace(event.entry, record_offset=at)
                    at += 1
                case Park() | Unpark():
                    at += 1
                case Outcome():
                    self._ended(record)
        if at > self._retry_end:
            self._retry_end = at + 1  # the transaction's own marker has an offset, too

    def _ended(self, outcome: Outcome) -> None:
        event, metrics = outcome.event, self._tools.metrics
        age_seconds = time.time() - event.body.received_at
        metrics.ended(event.event_type, outcome.end.outcome, age_seconds)
        if isinstance(outcome.effort, Effort):
            metrics.settled(time.monotonic() - outcome.effort.ended_at)
        event.body = None  # it may stay un-acked for a while, without its bytes
