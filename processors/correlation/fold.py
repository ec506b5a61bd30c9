"""Several events of one user as one intention."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from processors.correlation.becoming import becoming_of
from processors.correlation.fields import Sent
from processors.correlation.reading import (
    ACTIVE,
    OFF,
    SWITCHES,
    Item,
)
from processors.correlation.rules import Rules
from processors.delivery import guard
from processors.delivery.link import HINT, Link, Open
from processors.delivery.verdict import End, Settled

OWN = frozenset((ACTIVE, HINT, *SWITCHES))


class Fold:
    """What *items*, in the order of the log, ask of a record that *link* describes.

    `deletion` is the event that ends the user, where that is what is left to do; `hint`
    is the one with the newest hint, if it is newer than the link's.
    """

    def __init__(
        self,
        items: Sequence[Item],
        link: Link,
        rules: Rules,
        durable: Link | None = None,
    ) -> None:
        self.items = items
        self.link = link
        self._durable = durable or link
        self.rules = rules
        self._elsewhere: Fold | None = None
        becoming = becoming_of(items, link, rules)
        self.facts, self.fate, self._off, changes, doubted = becoming
        known = link if rules.fold else link.but(fingerprints=_own(link, OWN))
        if doubted:
            others = known.fingerprints.keys() - {ACTIVE}
            known = known.but(fingerprints=_own(known, others))
        self.plan = guard.plan(known, changes)
        winners = {change.offset for change in self.plan.winners.values()}
        self.winners = [i for i in items if i.change.offset in winners]
        self.deletion = self._deletion()
        self.hint = self._hint()

    # ---- what is asked

    @property
    def newest(self) -> list[Item]:
        """The items that set a field, the newest first."""
        return sorted(self.winners, key=lambda i: i.change.version, reverse=True)

    def at(self, record_id: str | None) -> Fold:
        """Return the fold for another record: of that one nothing is known yet."""
        if record_id == self.link.record_id:
            return self
        elsewhere = self._elsewhere
        if elsewhere is None or elsewhere.link.record_id != record_id:
            kept = _own(self.link, (HINT, *SWITCHES))
            link = self.link.but(record_id=record_id, fingerprints=kept)
            elsewhere = Fold(self.items, link, self.rules, self._durable)
            self._elsewhere = elsewhere
        return elsewhere

    def _value(self, name: str) -> str | None:
        """Return what stands for the field's value once all is done."""
        winner = self.plan.winners.get(name)
        if winner is None:
            return self.link.fingerprints.get(name)
        return winner.fields[name]

    def _deletion(self) -> Item | None:
        if self.fate == "there":
            return None
        winner = self.plan.winners.get(ACTIVE)
        if winner is None:
            return None
        if winner.fields[ACTIVE] != self._off:
            return None
        return next(i for i in self.items if i.change.offset == winner.offset)

    @property
    def creates(self) -> bool:
        """Whether one of the events is a creation, and not an old one."""
        return any(
            item.event.type == "user.created" and self._is_fresh(item)
            for item in self.items
        )

    @property
    def asks(self) -> bool:
        """Whether a call is needed at all."""
        if self.deletion is not None:
            return ACTIVE in self.plan.send
        if not OWN.issuperset(self.plan.send):
            return True
        return self.restores or self.switches_off

    @property
    def _is_off(self) -> bool:
        return self.rules.switches and any(
            self._value(name) == OFF for name in SWITCHES
        )

    @property
    def switches_off(self) -> bool:
        """Whether the record shall be inactive though the user is there."""
        if not self.rules.switches:
            return False
        touched = any(name in self.plan.send for name in (ACTIVE, *SWITCHES))
        return touched and self._is_off

    @property
    def restores(self) -> bool:
        """Whether the record may be inactive by our doing, and shall be active."""
        send = self.plan.send
        if self.deletion is not None or self._is_off:
            return False
        if ACTIVE in send and (
            ACTIVE in self.link.versions or any(i.is_deletion for i in self.items)
        ):
            return True
        return self.rules.switches and any(
            name in send
            and (
                name in self.link.versions
                or any(i.change.fields.get(name) == OFF for i in self.items)
            )
            for name in SWITCHES
        )

    def fields(self, sent: Sent) -> dict[str, Any]:
        """Return the values to send in such a call, by the record's field."""
        values = {i.change.offset: i.values for i in self.winners}
        return {
            name: values[self.plan.winners[name].offset][name]
            for name in self.plan.send
            if name not in OWN and sent in self.rules.written[name].on
        }

    @property
    def ordered(self) -> bool:
        """Whether a person wants a record to be made for one of the events."""
        place = self.link.create
        return bool(place) and any(item.place == place for item in self.items)

    # ---- keys

    def _hint(self) -> Item | None:
        winner = self.plan.winners.get(HINT)
        if winner is None or winner.fields[HINT] is None:
            return None
        return next(i for i in self.winners if i.change.offset == winner.offset)

    @property
    def emails(self) -> list[str]:
        """The user's address, and the one before: what counts of them, newest first."""
        newest = self.newest
        now = next((i.email for i in newest if i.email is not None), None)
        was = [i.was_email for i in newest if i.was_email is not None]
        return list(dict.fromkeys([*([] if now is None else [now]), *was[:1]]))

    # ---- how it ends

    def superseded(self) -> frozenset[int]:
        """Return the offsets of the events that set no field, in a fold of several.

        Of control events the newest of each primary is kept: it decides later.
        """
        newest = {mark[0]: i for i in self.items if i.is_control for mark in i.marks}
        kept = [*self.winners, *newest.values()]
        losers = [i for i in self.items if i not in kept]
        return frozenset(item.change.offset for item in losers)

    @property
    def was_linked(self) -> bool:
        """Whether the user had a record before this attempt."""
        return self._durable.record_id is not None

    @property
    def merges(self) -> bool:
        """Whether a deletion is settled here that was a merge."""
        return self.fate == "merged" and any(
            item.is_deletion and not item.is_control for item in self.winners
        )

    def noting(self, item: Open) -> Link:
        """Return the link as it was, with the open *item*: no more is settled.

        What a person wanted to be made could not be, and is not tried again.
        """
        return self._durable.but(open=item, create="")

    def settled(
        self, done: End, record_id: str | None, unsent: Collection[str] = ()
    ) -> Settled:
        """Return how each event ended, the ones that count as *done*.

        Where nothing was told to the destination (`skipped`), no fingerprint says so,
        nor does one of a field that was *unsent*.
        """
        link, plan = self.link, self.plan
        if done.outcome == "skipped":
            plan = plan._replace(send=())
            for item in self.items:  # an earlier try of it may have been told
                link = guard.unconfirmed(link, item.change)
        elif unsent:
            plan = plan._replace(send=tuple(n for n in plan.send if n not in unsent))
        link = guard.confirmed(link, plan)
        ends = tuple([self._end(item, done) for item in self.items])
        marks = link.marks if self.facts is None else self.facts.pruned().marks
        if (record_id, marks, None) != (link.record_id, link.marks, link.open):
            link = link.but(record_id=record_id, marks=marks, open=None)
        return Settled(ends, link)

    def _end(self, item: Item, done: End) -> End:
        if item.without_call is not None:
            return End(item.without_call)
        won = item in self.winners
        if item.is_control and not (won and done.outcome in ("applied", "would_apply")):
            return End("noted")
        if won and item.is_deletion and self.fate == "merged":
            return replace(done, outcome="merged")
        if won:
            return done
        version = item.change.version
        if any(v.event_id == version.event_id for v in self.link.versions.values()):
            return End("duplicate")
        return End("superseded" if self._is_fresh(item) else "stale")

    def _is_fresh(self, item: Item) -> bool:
        change = item.change
        return any(guard.is_fresh(self.link, name, change) for name in change.fields)


def _own(link: Link, kept: Collection[str]) -> dict[str, str]:
    """Return the fingerprints as if no field but the *kept* ones had been told."""
    return {name: f for name, f in link.fingerprints.items() if name in kept}
