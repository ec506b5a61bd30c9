"""Operations: what the end or the parking of events changes, all or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from processors.delivery.guard import given_up, unconfirmed
from processors.delivery.lane import Entry, Lane, Waiting
from processors.delivery.link import Link
from processors.delivery.records import (
    Letter,
    Meta,
    Outcome,
    Park,
    PutLink,
    PutMeta,
    Record,
    Republish,
    Unpark,
)
from processors.delivery.verdict import DeadClass, End

RECORD_BYTES = 600  # a link with some fields, an outcome, an entry's headers
BEHIND = "behind an earlier event"


@dataclass(frozen=True, slots=True)
class Operation:
    """Records that become durable together, and the lanes that wait for it."""

    records: tuple[Record, ...]
    lanes: tuple[Lane, ...] = ()

    @property
    def size_bytes(self) -> int:
        """About what the records take as bytes."""
        bodies = sum(
            record.event.size_bytes
            for record in self.records
            if isinstance(record, Park | Letter | Republish)
        )
        return bodies + RECORD_BYTES * len(self.records)


class Changes:
    """Collects what one operation changes for one user.

    The link is written once, with `taken` raised to the highest offset that is settled
    or parked: a redelivered event at or below it is never looked at again.
    """

    def __init__(self, lane: Lane, link: Link, effort: Any = None) -> None:
        self.lane = lane
        self.link = link
        self._effort = effort
        self._records: list[Record] = []

    def settle(self, event: Waiting, end: End, attempts: int) -> None:
        """End the event; nothing is left of it but its outcome."""
        if event.entry is not None:
            self._records.append(Unpark(event))
        replayed = self._is_current(event) and event.offset <= self.link.replay_until
        outcome = Outcome(event, end, attempts, replayed, self._effort)
        self._records.append(outcome)
        if self.link.create and self.link.create == event.place:
            self.link = self.link.but(create="")
        self._take(event)

    def supersede(self, event: Waiting, attempts: int) -> None:
        """End an event that contributes no field any more."""
        if event.change is not None:
            self.link = unconfirmed(self.link, event.change)
        self.settle(event, End("superseded"), attempts)

    def ignore(self, event: Waiting, reason: str) -> None:
        """End an event as a person ordered.

        Where nobody knows what it carries, any fingerprint may be wrong.
        """
        if event.change is not None:
            self.link = given_up(self.link, event.change)
        else:
            self.link = self.link.but(fingerprints={})
        attempts = event.entry.attempts if event.entry else 0
        self.settle(event, End("ignored", reason=reason), attempts)

    def bury(
        self, event: Waiting, dead_class: DeadClass, reason: str, attempts: int
    ) -> None:
        """End the event as a dead letter: its versions are not taken."""
        if event.change is not None:
            self.link = given_up(self.link, event.change)
        self.notify(event, dead_class, reason, attempts)
        end = End("dead", dead_class=dead_class, reason=reason)
        self.settle(event, end, attempts)

    def notify(
        self, event: Waiting, dead_class: DeadClass, reason: str, attempts: int
    ) -> None:
        """Write the dead letter of an event that stays where it is."""
        self._records.append(Letter(event, dead_class, reason, attempts))

    def republish(self, event: Waiting) -> None:
        """Send the event to where its user's events are; here it has ended."""
        self._records.append(Republish(event))
        self.settle(event, End("rerouted"), 0)

    def park(self, event: Waiting, entry: Entry) -> None:
        """Write the event's entry in the retry topic."""
        self._records.append(Park(event, entry))
        self._take(event)

    def operation(self, meta: Meta | None = None) -> Operation:
        """Return all of it as one operation."""
        records = [PutLink(self.lane.user, self.link), *self._records]
        if meta is not None:
            records.append(PutMeta(meta))
        return Operation(tuple(records), (self.lane,))

    def _take(self, event: Waiting) -> None:
        if self._is_current(event) and event.offset > self.link.taken:
            self.link = self.link.but(taken=event.offset)

    def _is_current(self, event: Waiting) -> bool:
        return event.topic_ref == self.link.topic_ref


def park_from_head(changes: Changes, events: Sequence[Waiting], entry: Entry) -> None:
    """Park *events* in order, the first of them with *entry*.

    Never from the tail: an event is parked only when every earlier one of its user is
    settled, parked, or in the same transaction. Otherwise a crash would bring back an
    earlier one after it.

    Only a head that was parked before keeps the time since when it is.
    """
    behind = Entry(first_failed_at=entry.first_failed_at, reason=BEHIND)
    for number, event in enumerate(events):
        parked = event.entry
        if number > 0:
            changes.park(event, behind)
        elif parked is None or parked.first_failed_at is None:
            changes.park(event, entry)
        else:
            since = parked.first_failed_at
            changes.park(event, replace(entry, first_failed_at=since))


def park_behind(lane: Lane, link: Link, now: float, events_max: int) -> Changes:
    """Park what came after the parked ones, at most *events_max* of it."""
    changes = Changes(lane, link)
    behind = Entry(first_failed_at=now, reason=BEHIND)
    park_from_head(changes, lane.in_memory[:events_max], behind)
    return changes
