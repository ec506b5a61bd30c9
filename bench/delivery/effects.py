"""What the calls of one turn say: how fast, in which order, and how they ended."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf

from bench.delivery.crm import Call

BUSY_SHARE = 0.05  # of the events; the progress of a user with few says nothing


@dataclass(frozen=True)
class Effects:
    """What the CRM double saw of the events that were measured.

    Every call tells the whole state, so a later event's call stands for what the user's
    earlier events asked for: an event has ended with the first call of its own or of a
    later one. What a worker that was killed does again is repeated, not reordered.
    """

    calls: int
    seconds: float  # from the first call to the last one's arrival
    ended: int  # events
    lost: int  # events that have not ended
    reordered: int  # first calls of an event after one of a later event of the user
    repeated: int  # calls of events that had ended, and that are not out of order
    stale: int  # contacts whose last call is not of their user's last event
    per_second_max: float = inf  # events, if all keep the slowest busy user's pace

    @property
    def calls_per_event(self) -> float:
        """How many calls an event took; below 1 where calls stood for several."""
        return self.calls / self.ended if self.ended else 0.0


class _Life:
    """The order of the calls of one worker, from its start to its end."""

    def __init__(self) -> None:
        self._seen = set[int]()
        self._highest = dict[str, int]()

    def out_of_order(self, call: Call) -> bool:
        """Whether this first call of an event comes after one of a later event."""
        again, highest = call.event in self._seen, self._highest.get(call.contact, -1)
        self._seen.add(call.event)
        self._highest[call.contact] = max(call.event, highest)
        return not again and call.event < highest


class Tally:
    """Counts calls as they come, for the events *first*, *first* + 1, … of *users*."""

    def __init__(self, users: Sequence[int], first: int = 0) -> None:
        self.events = len(users)
        self.ended = 0
        self.first = first
        self._waiting = dict[str, list[int]]()
        for number in range(first + len(users) - 1, first - 1, -1):
            self._waiting.setdefault(f"c_{users[number - first]}", []).append(number)
        self._busy = {
            contact: len(them)
            for contact, them in self._waiting.items()
            if len(them) >= BUSY_SHARE * len(users)
        }
        self._newest = {contact: them[0] for contact, them in self._waiting.items()}
        self._highest, self._last = dict[str, int](), dict[str, int]()
        self._life = _Life()
        self._reordered = self._repeated = 0
        self._at = list[float]()
        # Of each of them, when it was called for, and how many events were left then.
        self._left_at = {c: [(0.0, n)] for c, n in self._busy.items()}

    @property
    def calls(self) -> int:
        """How many calls were counted."""
        return len(self._at)

    @property
    def complete(self) -> bool:
        """Whether every event has ended."""
        return self.ended == self.events

    def add(self, calls: Iterable[Call]) -> None:
        """Count *calls*, which came after those before; of other events none."""
        for call in calls:
            if self.first <= call.event < self.first + self.events:
                self._add(call)

    def killed(self) -> None:
        """Say that the worker was killed: another begins, perhaps some way back."""
        self._life = _Life()

    def _add(self, call: Call) -> None:
        self._at.append(call.at)
        highest = self._highest.get(call.contact, -1)
        if self._life.out_of_order(call):
            self._reordered += 1
        elif call.event <= highest:
            self._repeated += 1
        self._highest[call.contact] = max(call.event, highest)
        self._last[call.contact] = call.event
        waiting = self._waiting[call.contact]
        while waiting and waiting[-1] <= call.event:
            waiting.pop()
            self.ended += 1
        if call.contact in self._left_at:
            self._left_at[call.contact].append((call.at, len(waiting)))

    def effects(self) -> Effects:
        """Return what was counted so far."""
        return Effects(
            calls=self.calls,
            seconds=self._at[-1] - self._at[0] if self._at else 0.0,
            ended=self.ended,
            lost=self.events - self.ended,
            reordered=self._reordered,
            repeated=self._repeated,
            stale=sum(self._last.get(c) != n for c, n in self._newest.items()),
            per_second_max=min(map(self._pace, self._busy), default=inf),
        )

    def _pace(self, contact: str) -> float:
        """Return how many events would end in a second at the pace of this user's.

        Of the later half of its calls: at first it waits for places with all others.
        """
        seen = self._left_at[contact]
        (began, before), (at, left) = seen[len(seen) // 2], seen[-1]
        part = (before - left) / self._busy[contact]
        return self.events * part / (at - began) if at > began else inf


def effects(calls: Iterable[Call], users: Sequence[int], first: int) -> Effects:
    """Return what *calls* did for the events *first*, *first* + 1, … of *users*."""
    tally = Tally(users, first)
    tally.add(calls)
    return tally.effects()
