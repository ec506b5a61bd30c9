"""Drives one attempt: asks the rules, keeps gate and budget, makes calls, logs once."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from events.model import read
from processors.correlation.calls import Answer, Braked, Call, Deactivate, Delete
from processors.correlation.correlate import Moment, correlate, culprit_of
from processors.correlation.reading import Fingerprints, Item, item_of
from processors.correlation.rules import Rules
from processors.delivery.lane import Waiting
from processors.delivery.lanes import Attempt
from processors.delivery.verdict import (
    NotMade,
    Rejected,
    RetryLater,
    Settled,
    Unavailable,
    Verdict,
)
from processors.ledger.encode import Effort
from processors.metrics import WorkerMetrics
from processors.refs import References
from processors.rest.budget import Budget
from processors.rest.client import Response, RestClient, operation_of
from processors.rest.gate import Gate
from processors.rest.transport import LeaseLost

log = structlog.get_logger()


class Owner(Protocol):
    """What an attempt asks of the partition that it is made for."""

    def may_call(self) -> bool:
        """Whether a call may still start."""

    def may_deactivate(self) -> bool:
        """Whether a call may start that deactivates a record."""

    def called(self) -> None:
        """Note that it does not wait for its first call any more."""


@dataclass
class Attempts:
    """Makes attempts at one destination, under its gate and budget."""

    rules: Rules
    client: RestClient
    budget: Budget
    gate: Gate
    metrics: WorkerMetrics
    references: References
    fingerprints: Fingerprints
    attempts_max: int
    # Lanes whose probe failed right before another's was answered: they are charged
    # the attempt, so that one event that always fails cannot keep the gate shut.
    _charged: dict[bytes, RetryLater] = field(default_factory=dict)

    async def make(self, attempt: Attempt, owner: Owner) -> Verdict:
        """Try the attempt's events, as *owner* lets; never raises for a fault outside.

        No call starts any more once its owner may not call.
        """
        charge = self._charged.pop(attempt.lane.user, None)
        if charge is not None:
            return charge
        started = time.monotonic()
        items = [self.read(event) for event in attempt.events]
        statuses: list[int | None] = []
        try:
            verdict = await self._converse(attempt, items, statuses, owner)
        except LeaseLost:
            verdict = NotMade()
        ended_at = time.monotonic()
        seconds = ended_at - started
        attempt.effort = Effort(len(statuses), tuple(statuses), seconds, ended_at)
        self._tell(attempt, items, verdict)
        return verdict

    def read(self, event: Waiting) -> Item:
        """Read the event's body, and note what it would change."""
        origin = event.body
        read_event = read(origin.value)
        item = item_of(
            read_event,
            event.offset,
            origin.received_at,
            self.rules,
            self.fingerprints,
            event.topic_ref,
        )
        event.change, event.event_type = item.change, read_event.type
        return item

    async def _converse(
        self,
        attempt: Attempt,
        items: list[Item],
        statuses: list[int | None],
        owner: Owner,
    ) -> Verdict:
        moment = Moment(time.time(), attempt.read_until)
        conversation = correlate(items, attempt.link, self.rules, moment)
        try:
            call = next(conversation)
            while True:
                if isinstance(call, Deactivate | Delete) and not owner.may_deactivate():
                    call = conversation.send(Braked())
                    continue
                if not await self._turn(operation_of(call), owner):
                    return NotMade()
                answer = await self._call(call, attempt.lane.user, statuses)
                match answer:
                    case RetryLater() | Unavailable() | NotMade():
                        return answer
                    case Rejected():
                        return culprit_of(call, items, answer)
                call = conversation.send(answer)
        except StopIteration as end:
            verdict: Verdict = end.value
            return verdict
        finally:
            conversation.close()

    async def _turn(self, operation: str, owner: Owner) -> bool:
        """Wait until a call may start; False when none may any more."""
        if self.budget.is_apart(operation):
            owner.called()  # others, with other calls, need not wait with it
        let_go = await self.budget.wait(operation, owner.may_call)
        owner.called()
        return let_go

    async def _call(
        self, call: Call, lane: bytes, statuses: list[int | None]
    ) -> Answer | RetryLater | Rejected | Unavailable | NotMade:
        if not self.gate.may_start(time.monotonic(), lane):
            return NotMade()
        try:
            with self.budget.calling() as began:
                response = await self.client.call(call)
        except BaseException:
            self.gate.withdrawn(time.monotonic(), lane)
            raise
        statuses.append(response.status)
        self.metrics.called(response.operation, response.status, response.seconds)
        now, meaning = time.monotonic(), response.meaning
        if self._slows_down(began, response):
            self.gate.withdrawn(now, lane)
            return NotMade()
        heard = self.gate.heard(now, lane, response.status, meaning)
        if heard.charge is not None:
            user, failure = heard.charge
            self._charged[user] = failure
        if isinstance(meaning, RetryLater) and not heard.counts:
            return NotMade()
        return meaning

    def _slows_down(self, began: float, response: Response) -> bool:
        """Whether a refusal for our haste asks for a lower rate, and for no pause."""
        meaning = response.meaning
        if not (isinstance(meaning, Unavailable) and meaning.cause == "limited"):
            if response.status is not None:
                self.budget.accepted(began)
            return False
        if meaning.after_seconds is not None:
            return False
        wants_pause = self.budget.refused(began)
        return not wants_pause and self.gate.opens_at is None

    def _tell(self, attempt: Attempt, items: list[Item], verdict: Verdict) -> None:
        name = type(verdict).__name__
        self.metrics.attempted(name)
        newest = items[-1].event
        log.info(
            "attempt",
            event_ref=self.references.event(newest.id),
            user_ref=self.references.user(newest.user_id),
            event_type=newest.type,
            events=len(items),
            attempt=attempt.number,
            attempts_max=self.attempts_max,
            early=attempt.early,
            verdict=name,
            detail=_detail(verdict),
            unmappable=sorted({name for item in items for name in item.unmappable}),
            statuses=attempt.effort.statuses,
            duration_ms=round(attempt.effort.seconds * 1000),
        )


def _detail(verdict: Verdict) -> str:
    match verdict:
        case Settled(ends=ends):
            return ends[-1].action or ends[-1].outcome
        case NotMade():
            return "not made"
        case _:
            return verdict.reason
