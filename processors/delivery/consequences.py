"""What follows for a lane from how its attempt ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from processors.delivery.attempt import Attempt, Rules
from processors.delivery.lane import Entry, Lane, Waiting
from processors.delivery.link import Link
from processors.delivery.operations import Changes, park_behind, park_from_head
from processors.delivery.verdict import (
    DeadClass,
    NeedsGrace,
    NeedsReview,
    NotMade,
    Rejected,
    RetryLater,
    Settled,
    Unavailable,
    Verdict,
)


class Again(NamedTuple):
    """The lane is tried again as soon as a call may start; no attempt was counted."""

    early: bool


class Wait(NamedTuple):
    """The lane waits in memory for its next attempt."""

    due_at: float


class Decide(NamedTuple):
    """Nothing has changed; the lane decides anew what it does."""


Consequence = Changes | Again | Wait | Decide


@dataclass(frozen=True, slots=True)
class Judge:
    """Draws the consequences of one attempt's end; *chance* spreads the next one.

    Where `may_wait` is False (the worker stops) nothing waits in memory: it is parked,
    so that its attempts are remembered.
    """

    rules: Rules
    attempt: Attempt
    now: float
    chance: float
    may_wait: bool

    def judge(self, verdict: Verdict) -> Consequence:
        """Return what follows from *verdict*."""
        match verdict:
            case Settled():
                return self._settled(verdict)
            case Unavailable() | NotMade():
                return Again(self.attempt.early)
            case RetryLater(reason=reason, after_seconds=asked_seconds):
                return self._failed(reason, asked_seconds)
            case Rejected():
                return self._rejected(verdict)
            case NeedsReview():
                return self._reviewed(verdict)
            case NeedsGrace(due_at=due_at, reason=reason):
                made = self.attempt.number - 1
                return self._park(Entry("grace", made, due_at, self.now, reason))

    @property
    def _lane(self) -> Lane:
        return self.attempt.lane

    @property
    def _room(self) -> int:
        return self.rules.bounds.batch_records_max

    def _changes(self) -> Changes:
        return Changes(self._lane, self.attempt.link, self.attempt.effort)

    def _settled(self, verdict: Settled) -> Changes:
        changes = Changes(self._lane, verdict.link, self.attempt.effort)
        for event, end in zip(self.attempt.events, verdict.ends, strict=True):
            changes.settle(event, end, self.attempt.number)
        self._lane.begin_anew()
        return changes

    def _reviewed(self, verdict: NeedsReview) -> Changes:
        at, reason = verdict.recheck_at, verdict.reason
        # It was answered, so it is no failure: an item that is looked up once a day
        # would be given up at the first fault after as many days as there are attempts.
        entry = Entry("review", 0, at, self.now, reason)
        return self._park(entry, verdict.superseded, verdict.link)

    def _failed(self, reason: str, asked_seconds: float) -> Consequence:
        if self.attempt.early:
            return self._failed_early()
        wait_seconds = self.rules.retry.wait_seconds(self.attempt.number, self.chance)
        if wait_seconds is None:
            return self._give_up(reason)
        due_at = self.now + max(wait_seconds, asked_seconds)
        if self._may_wait(due_at):
            self._lane.attempts, self._lane.due_at = self.attempt.number, due_at
            return Wait(due_at)
        return self._park(
            Entry("waiting", self.attempt.number, due_at, self.now, reason)
        )

    def _failed_early(self) -> Consequence:
        """Park what came; the lane keeps its attempt and its time."""
        if not self._lane.in_memory:
            return Decide()
        return park_behind(self._lane, self.attempt.link, self.now, self._room)

    def _may_wait(self, due_at: float) -> bool:
        """Whether waiting in memory is cheap; what is parked stays so."""
        bounds = self.rules.bounds
        short = due_at - self.now <= bounds.memory_wait_seconds_max
        few = len(self._lane.events) <= bounds.lane_events_max
        return self.may_wait and self._lane.events[0].entry is None and short and few

    def _park(
        self,
        entry: Entry,
        superseded: frozenset[int] = frozenset(),
        link: Link | None = None,
    ) -> Changes:
        """Park the lane from its head on; the head's entry is written anew.

        What is superseded is settled where it stands: everything before it is parked.
        """
        changes, attempt = self._changes(), self.attempt
        changes.link = changes.link if link is None else link
        left = [e for e in attempt.events if e.offset not in superseded]
        for event in attempt.events:
            if event.offset in superseded:
                changes.supersede(event, attempt.number)
        if left:
            head, *rest = left
            fresh = [event for event in rest if event.entry is None]
            park_from_head(changes, [head, *fresh, *self._later()], entry)
        self._lane.begin_anew()
        return changes

    def _later(self) -> list[Waiting]:
        """Return what came after the attempt's events, as much as there is room for."""
        later = self._lane.events[len(self.attempt.events) :]
        return [event for event in later if event.entry is None][: self._room]

    def _rejected(self, verdict: Rejected) -> Consequence:
        events = self.attempt.events
        if len(events) > 1 and verdict.culprit is None:
            self._lane.single = events[-1]
            return Again(self.attempt.early)
        at_fault = events[0].offset if verdict.culprit is None else verdict.culprit
        changes = self._changes()
        for event in events:
            if event.offset != at_fault:
                changes.supersede(event, self.attempt.number)
        dead = next(event for event in events if event.offset == at_fault)
        if self._is_held(dead):
            self._hold(changes, dead, [], verdict.dead_class, verdict.reason)
        else:
            self._bury(changes, dead, verdict.dead_class, verdict.reason)
        self._lane.begin_anew()
        return changes

    def _give_up(self, reason: str) -> Changes:
        """Write one letter for each event of the last attempt, in one transaction."""
        changes, events = self._changes(), self.attempt.events
        for number, event in enumerate(events, 1):
            if self._is_held(event):
                self._hold(changes, event, events[number:], "gave_up", reason)
                break
            self._bury(changes, event, "gave_up", reason)
        self._lane.begin_anew()
        return changes

    def _is_held(self, event: Waiting) -> bool:
        return event.event_type in self.rules.held_types

    def _bury(
        self, changes: Changes, event: Waiting, dead_class: DeadClass, reason: str
    ) -> None:
        changes.bury(event, dead_class, reason, self.attempt.number)

    def _hold(
        self,
        changes: Changes,
        event: Waiting,
        rest: tuple[Waiting, ...] | list[Waiting],
        dead_class: DeadClass,
        reason: str,
    ) -> None:
        """Park *event* for a person, and behind it what waits in memory."""
        changes.notify(event, dead_class, reason, self.attempt.number)
        entry = Entry("held", self.attempt.number, None, self.now, reason)
        fresh = [other for other in rest if other.entry is None]
        park_from_head(changes, [event, *fresh, *self._later()], entry)
