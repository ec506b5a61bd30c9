"""One attempt, and what follows from how it ends."""

from __future__ import annotations

from processors.delivery.consequences import (
    Consequence,
    Judge,
)
from processors.delivery.lane import Entry, Lane, Waiting
from processors.delivery.lanes import Attempt, Rules
from processors.delivery.link import Link
from processors.delivery.operations import BEHIND, Changes
from processors.delivery.records import Outcome, PutLink, Record
from processors.delivery.verdict import (
    End,
    Rejected,
    Verdict,
)
from tests.support.core import ANN, REF, fetch, rules

NOW = 100.0
LINK = Link(REF, fingerprints={"A": "v0"})
BEHIND_NOW = Entry(first_failed_at=NOW, reason=BEHIND)


class Trial:
    """One attempt for the first *tried* events of a lane."""

    def __init__(
        self,
        *events: Waiting,
        tried: int | None = None,
        number: int = 1,
        early: bool = False,
    ) -> None:
        fetch(events)
        self.lane = Lane(ANN, list(events), attempts=8, due_at=9.0)
        self.attempt = Attempt(
            self.lane,
            events[: len(events) if tried is None else tried],
            number,
            early,
            LINK,
            1,
            effort="effort",
        )

    def judge(
        self, verdict: Verdict, found: Rules | None = None, *, may_wait: bool = True
    ) -> Consequence:
        judge = Judge(found or rules(), self.attempt, NOW, 0.5, may_wait)
        return judge.judge(verdict)

    def records(
        self, verdict: Verdict, found: Rules | None = None, *, may_wait: bool = True
    ) -> tuple[Record, ...]:
        changes = self.judge(verdict, found, may_wait=may_wait)
        assert isinstance(changes, Changes)
        assert changes.lane is self.lane
        assert (self.lane.attempts, self.lane.due_at) == (0, 0.0)
        return changes.operation().records


def outcome(event: Waiting, end: End, attempts: int = 1) -> Outcome:
    return Outcome(event, end, attempts, replay=False, effort="effort")


def link(taken: int, *, doubted: bool = False) -> PutLink:
    known = LINK.but(taken=taken)
    return PutLink(ANN, known.but(fingerprints={}) if doubted else known)


def dead(dead_class: str = "rejected", reason: str = "HTTP 422") -> End:
    return End("dead", dead_class=dead_class, reason=reason)  # type: ignore[arg-type]


SUPERSEDED = End("superseded")
REFUSED = Rejected("rejected", "HTTP 422")
