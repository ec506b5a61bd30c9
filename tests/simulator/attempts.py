"""Makes attempts as `processors.attempts` does, with the destination's double."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from events.model import read
from processors.correlation.calls import Answer, Braked, Call, Deactivate, Delete
from processors.correlation.correlate import (
    Conversation,
    Moment,
    correlate,
    culprit_of,
)
from processors.correlation.reading import Fingerprints, Item, item_of
from processors.correlation.rules import Rules
from processors.delivery.lane import Waiting
from processors.delivery.lanes import Attempt
from processors.delivery.verdict import (
    NotMade,
    Rejected,
    RetryLater,
    Unavailable,
    Verdict,
)
from processors.ledger.encode import Effort
from processors.ledger.origin import Origin
from processors.rest.gate import Gate
from tests.simulator.clock import Clock, Process
from tests.simulator.crm import Crm, Request, Response
from tests.simulator.notes import Notes

FINGERPRINTS = Fingerprints("simulator")
End = Callable[[Verdict], None]


def item(origin: Origin, rules: Rules, topic_ref: str = "") -> Item:
    """Return what an event's message stands for."""
    event = read(origin.value or b"")
    return item_of(
        event, origin.offset, origin.received_at, rules, FINGERPRINTS, topic_ref
    )


@dataclass
class Attempts:
    """One worker's attempts, under its gate and its lease.

    `took_effect` is told of each effect, with the partition and the attempt.
    """

    process: Process
    clock: Clock
    crm: Crm
    rules: Rules
    notes: Notes
    may_call: Callable[[], bool]
    asked: Callable[[Process, str], None]
    took_effect: Callable[[int, Attempt], None]
    gate: Gate = field(default_factory=Gate)
    charged: dict[bytes, RetryLater] = field(default_factory=dict)

    def make(
        self,
        partition: int,
        attempt: Attempt,
        served: Callable[[], bool],
        end: End,
        may_deactivate: Callable[[], bool] = lambda: True,
    ) -> None:
        """Try the attempt's events; *end* gets the verdict, in the process.

        No call begins unless its partition is *served* then.
        """
        charge = self.charged.pop(attempt.lane.user, None)
        if charge is not None:
            self.notes("lane charged")
            end(charge)
            return
        items = [self._item(event) for event in attempt.events]
        moment = Moment(self.clock.now, attempt.read_until)
        conversation = correlate(items, attempt.link, self.rules, moment)
        talk = _Talk(
            self, partition, attempt, items, conversation, served, end, may_deactivate
        )
        talk.go_on(None)

    def _item(self, event: Waiting) -> Item:
        found = item(event.body, self.rules, event.topic_ref)
        event.change, event.event_type = found.change, found.event.type
        return found


@dataclass
class _Talk:
    """One conversation with the destination."""

    made_by: Attempts
    partition: int
    attempt: Attempt
    items: list[Item]
    conversation: Conversation
    served: Callable[[], bool]
    end: End
    may_deactivate: Callable[[], bool]
    statuses: list[int | None] = field(default_factory=list)

    def go_on(self, answer: Answer | None) -> None:
        """Make the next call, or end."""
        try:
            call = self.conversation.send(answer)  # type: ignore[arg-type]  # None starts
        except StopIteration as end:
            self._end(end.value)
            return
        by, lane = self.made_by, self.attempt.lane.user
        if isinstance(call, Deactivate | Delete) and not self.may_deactivate():
            self.go_on(Braked())
            return
        if not by.gate.may_start(by.clock.now, lane):
            self._end(NotMade())
            return
        by.process.after(0.001, lambda: self._send(call))
        by.asked(by.process, "call")

    def _send(self, call: Call) -> None:
        """The last step before the socket: a process may just have been woken."""
        by, user = self.made_by, self.attempt.lane.user
        if not by.may_call() or not self.served():
            lease = "lease" if self.served() else "partition"
            by.notes(f"call without a {lease}", user=user)
            by.gate.withdrawn(by.clock.now, user)
            self._end(NotMade())
            return

        def effect() -> None:
            by.took_effect(self.partition, self.attempt)

        by.notes(f"call {type(call).__name__}", user=user, call=call)
        request = Request(user.decode(), call, effect)
        by.crm.ask(by.process, request, lambda response: self._heard(call, response))

    def _heard(self, call: Call, response: Response) -> None:
        by, lane = self.made_by, self.attempt.lane.user
        self.statuses.append(response.status)
        meaning = response.meaning
        heard = by.gate.heard(by.clock.now, lane, response.status, meaning)
        if heard.charge is not None:
            user, failure = heard.charge
            by.charged[user] = failure
        match meaning:
            case RetryLater() if not heard.counts:
                self._end(NotMade())
            case RetryLater() | Unavailable():
                self._end(meaning)
            case Rejected():
                self._end(culprit_of(call, self.items, meaning))
            case _:
                self.go_on(meaning)

    def _end(self, verdict: Verdict) -> None:
        by, attempt = self.made_by, self.attempt
        self.conversation.close()
        effort = Effort(len(self.statuses), tuple(self.statuses), 0.0, by.clock.now)
        attempt.effort = effort
        folded = " of a fold" if len(attempt.events) > 1 else ""
        early = " early" if attempt.early else ""
        by.notes(
            f"verdict {type(verdict).__name__}{folded}{early}",
            user=attempt.lane.user,
            events=[event.offset for event in attempt.events],
            number=attempt.number,
        )
        self.end(verdict)
