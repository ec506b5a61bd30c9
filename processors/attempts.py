"""Drives one attempt: asks the rules, keeps the budget, makes the calls, logs once."""

from __future__ import annotations

import time
from dataclasses import dataclass

import structlog

from events.model import Event
from processors.correlation.correlate import correlate
from processors.correlation.rules import Rules
from processors.delivery.verdict import Rejected, RetryLater, Settled, Verdict
from processors.metrics import WorkerMetrics
from processors.refs import References
from processors.rest.budget import Budget
from processors.rest.client import RestClient

log = structlog.get_logger()


@dataclass(frozen=True)
class Attempt:
    """One try to bring the destination in line, and what it took."""

    number: int
    verdict: Verdict
    calls: int
    statuses: tuple[int | None, ...]
    seconds: float


@dataclass
class Attempts:
    """Makes attempts at one destination, under its budget."""

    rules: Rules
    client: RestClient
    budget: Budget
    metrics: WorkerMetrics
    references: References

    async def make(self, event: Event, number: int, attempts_max: int) -> Attempt:
        """Try *event* for the *number*-th time; never raises for a fault outside."""
        started = time.monotonic()
        statuses: list[int | None] = []
        verdict = await self._converse(event, statuses)
        seconds = time.monotonic() - started
        name = type(verdict).__name__
        self.metrics.attempted(name)
        log.info(
            "attempt",
            event_ref=self.references.event(event.id),
            user_ref=self.references.user(event.user_id),
            event_type=event.type,
            attempt=number,
            attempts_max=attempts_max,
            verdict=name,
            detail=_detail(verdict),
            statuses=statuses,
            duration_ms=round(seconds * 1000),
        )
        return Attempt(number, verdict, len(statuses), tuple(statuses), seconds)

    async def _converse(self, event: Event, statuses: list[int | None]) -> Verdict:
        conversation = correlate(event, self.rules)
        try:
            call = next(conversation)
            while True:
                await self.budget.wait()
                response = await self.client.call(call)
                statuses.append(response.status)
                self.metrics.called(
                    response.operation, response.status, response.seconds
                )
                if isinstance(response.meaning, RetryLater | Rejected):
                    conversation.close()
                    return response.meaning
                call = conversation.send(response.meaning)
        except StopIteration as end:
            verdict: Verdict = end.value
            return verdict


def _detail(verdict: Verdict) -> str:
    if isinstance(verdict, Settled):
        return verdict.action or verdict.outcome
    return verdict.reason
