"""The lanes of one partition: who may be attempted, who waits, who is parked."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from processors.delivery.attempt import Attempt, Rules
from processors.delivery.consequences import Again, Decide, Judge, Wait
from processors.delivery.lane import Entry, Lane, Waiting
from processors.delivery.link import Link
from processors.delivery.operations import (
    Changes,
    Operation,
    park_behind,
    park_from_head,
)
from processors.delivery.ready import Ready
from processors.delivery.timers import Timers
from processors.delivery.verdict import NotMade, Unavailable, Verdict

__all__ = ["Attempt", "Lanes", "Rules"]

LOOK_SECONDS = 1.0  # between looks at how far the log has been read
EARLY = ("waiting", "review")  # states in which a new event brings a try forward


class Lanes:
    """The lanes of one partition. Times are epoch seconds, always passed in.

    `link_of` says what is durable of a user; `operate` takes what shall become so.
    """

    def __init__(
        self,
        rules: Rules,
        link_of: Callable[[bytes], Link],
        operate: Callable[[Operation], None],
        read_until: Callable[[], float] = lambda: math.inf,
    ) -> None:
        self._rules = rules
        self._link_of = link_of
        self._operate = operate
        self._read_until = read_until
        self._lanes: dict[bytes, Lane] = {}
        self._ready = Ready()
        self._timers = Timers()
        self.draining = False

    def __iter__(self) -> Iterator[Lane]:
        return iter(self._lanes.values())

    def __len__(self) -> int:
        return len(self._lanes)

    def get(self, user: bytes) -> Lane | None:
        """Return the user's lane, if anything of the user waits."""
        return self._lanes.get(user)

    def hold(self, user: bytes) -> Lane | None:
        """Return the user's lane, busy until `durable`, or None where it is at work.

        A user of whom nothing waits gets one, too: an event may come at any moment, and
        its attempt would begin with a link that is about to change.
        """
        lane = self._lanes.setdefault(user, Lane(user))
        if lane.busy != "no":
            return None
        lane.busy = "settling"
        return lane

    def add(self, event: Waiting, now: float) -> None:
        """Put *event* at the end of its user's lane."""
        lane = self._lanes.setdefault(event.user, Lane(event.user))
        was_live = lane.live_until > now
        lane.add(event)
        if lane.busy == "no" and not lane.ready:
            self.advance(lane, now)
        elif lane.ready and event.live_until and not was_live:
            self._ready.add(lane)

    def restore(self, events: Iterable[Waiting], now: float) -> None:
        """Build the lanes from parked *events*, given in order.

        Nothing is news among them, so nothing is tried before its time; but what is
        folded into an open item may bring what it lacked, and has no other time.
        """
        for event in events:
            self._lanes.setdefault(event.user, Lane(event.user)).add(event)
        for lane in list(self._lanes.values()):
            entry = lane.events[0].entry
            if len(lane.events) == 1 or (entry and entry.state != "review"):
                lane.tried = lane.events[-1]
            self.advance(lane, now)

    def due_at(self) -> float | None:
        """Return when the next lane is due that is not ready yet."""
        return self._timers.next()

    def wake(self, now: float) -> None:
        """Make ready what is due at *now*."""
        for lane in self._timers.due(now):
            if lane.busy == "no" and not lane.ready:
                self.advance(lane, now)

    @property
    def has_ready(self) -> bool:
        """Whether an attempt could start."""
        return bool(self._ready)

    def ready(self, now: float) -> tuple[bool, bool]:
        """Whether an attempt could start of a live lane, and of the backlog."""
        return self._ready.both(now)

    def start(self, epoch: int, *, backlog: bool = False) -> Attempt | None:
        """Return the attempt of the lane that is ready for the longest time.

        Live lanes go first, unless one of the *backlog*, where one is ready, is wanted.
        """
        if not self._ready:
            return None
        lane = self._ready.take_backlog() if backlog else self._ready.take()
        events = self._fold(lane)
        entry = events[0].entry
        made = lane.attempts if entry is None else entry.attempts
        lane.busy, lane.ready, lane.tried = "calling", False, lane.events[-1]
        link = self._link_of(lane.user)
        until = self._read_until()
        return Attempt(lane, events, made + 1, lane.early, link, epoch, until)

    def upcoming(self, lanes_max: int, bytes_max: int) -> list[Waiting]:
        """Return the events without a body of the lanes whose turn comes next.

        Of so many lanes at most, and no more once they have *bytes_max*.
        """
        found: list[Waiting] = []
        size_bytes = 0
        for lane in islice(self._ready, lanes_max):
            missing = [e for e in self._fold(lane) if e.body is None]
            size_bytes += sum(event.size_bytes for event in missing)
            found.extend(missing)
            if size_bytes > bytes_max:
                break
        return found

    def _fold(self, lane: Lane) -> tuple[Waiting, ...]:
        bounds = self._rules.bounds
        return lane.fold(
            bounds.fold_events_max, bounds.fold_bytes_max, self._rules.ends_fold
        )

    def ended(
        self, attempt: Attempt, verdict: Verdict, now: float, chance: float
    ) -> None:
        """Take in how *attempt* ended; *chance* (0 to 1) spreads the next one."""
        lane = attempt.lane
        lane.busy = "no"
        if attempt.early and not isinstance(verdict, Unavailable | NotMade):
            lane.early_at = now
        judge = Judge(self._rules, attempt, now, chance, not self.draining)
        match judge.judge(verdict):
            case Changes() as changes:
                self._settling(changes)
            case Again(early=early):
                _drop_bodies(lane)
                lane.early = early
                self._make_ready(lane)
            case Wait(due_at=due_at):
                self._timers.set(lane, due_at)
            case Decide():
                _drop_bodies(lane)
                self.advance(lane, now)

    def advance(self, lane: Lane, now: float) -> None:
        """Decide what an idle lane does next: attempt, wait, park, or end."""
        lane.ready = lane.early = False
        if not lane.events:
            self._lanes.pop(lane.user, None)
            self._timers.cancel(lane)
            return
        head = lane.events[0]
        if head.unattempted:
            self._settling(_without_attempt(lane, self._link_of(lane.user), self._room))
        elif head.entry is not None:
            self._advance_parked(lane, head.entry, now)
        elif lane.due_at <= now:
            self._make_ready(lane)
        elif len(lane.events) > self._rules.bounds.lane_events_max:
            self.park(lane, now, "waits for its next attempt")
        else:
            self._timers.set(lane, lane.due_at)

    def _advance_parked(self, lane: Lane, entry: Entry, now: float) -> None:
        behind = entry.due_at is None and entry.state in ("waiting", "budget")
        early_from = self._early_from(lane, entry)
        if behind or (entry.due_at is not None and self._is_due(entry, now)):
            self._make_ready(lane)
        elif early_from is not None and early_from <= now:
            lane.early = True
            self._make_ready(lane)
        elif lane.in_memory:
            self._park_behind(lane, now)
        else:
            for at in (entry.due_at, early_from):
                if at is not None:
                    self._timers.set(lane, at if at > now else now + LOOK_SECONDS)

    def _is_due(self, entry: Entry, now: float) -> bool:
        """Whether its time has come, and for a grace, in the log as well."""
        assert entry.due_at is not None  # noqa: S101 -- as the caller has seen
        in_log = entry.state != "grace" or entry.due_at <= self._read_until()
        return entry.due_at <= now and in_log

    def _early_from(self, lane: Lane, entry: Entry) -> float | None:
        """Return from when on a new event brings the lane's next try forward."""
        if entry.state not in EARLY or not lane.has_news or self.draining:
            return None
        if lane.early_at is None:
            return 0.0
        return lane.early_at + self._rules.bounds.early_try_seconds_min

    def _make_ready(self, lane: Lane) -> None:
        lane.ready = True
        self._ready.add(lane)

    def park(self, lane: Lane, now: float, reason: str) -> None:
        """Park what an idle lane holds in memory."""
        entry = Entry("waiting", lane.attempts, lane.due_at, now, reason)
        self._park(lane, entry, now)

    def make_room(self, lane: Lane, now: float) -> None:
        """Park an idle lane that only waits for its turn; it keeps its turn."""
        reason = "waits for the budget"
        self._park(lane, Entry("budget", lane.attempts, None, now, reason), now)

    def _park(self, lane: Lane, entry: Entry, now: float) -> None:
        if lane.events[0].entry is not None:
            self._park_behind(lane, now)
            return
        changes = Changes(lane, self._link_of(lane.user))
        park_from_head(changes, lane.in_memory[: self._room], entry)
        lane.begin_anew()
        self._settling(changes)

    def _park_behind(self, lane: Lane, now: float) -> None:
        self._settling(park_behind(lane, self._link_of(lane.user), now, self._room))

    @property
    def _room(self) -> int:
        return self._rules.bounds.batch_records_max

    def _settling(self, changes: Changes) -> None:
        changes.lane.busy = "settling"
        self._operate(changes.operation())

    def durable(self, lane: Lane, gone: frozenset[Waiting], now: float) -> None:
        """Let the lane go on after its operation has become durable."""
        lane.events = [event for event in lane.events if event not in gone]
        lane.busy = "no"
        if lane.single in gone:
            lane.single = None
        _drop_bodies(lane)
        self.advance(lane, now)


def _drop_bodies(lane: Lane) -> None:
    for event in lane.events:
        event.drop_body()


def _without_attempt(lane: Lane, link: Link, events_max: int) -> Changes:
    """End the events at the lane's head of which no attempt is made."""
    changes = Changes(lane, link)
    for event in lane.events[:events_max]:
        if not event.unattempted:
            break
        if event.unattempted == "rerouted":
            changes.republish(event)
        else:
            changes.bury(event, "unreadable", event.reason, 0)
    return changes
