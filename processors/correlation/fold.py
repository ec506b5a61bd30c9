"""Several events of one user as one intention."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from processors.correlation.fates import CHANGED, Facts, Fate
from processors.correlation.fields import Sent
from processors.correlation.reading import (
    ACTIVE,
    HINT,
    OFF,
    SWITCHES,
    Item,
)
from processors.correlation.rules import Rules
from processors.delivery import guard
from processors.delivery.guard import Change
from processors.delivery.link import Link, Open
from processors.delivery.verdict import End, Settled
from processors.delivery.version import Version

OWN = frozenset((ACTIVE, HINT, *SWITCHES))


class Fold:
    """What *items*, in the order of the log, ask of a record that *link* describes."""

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
        self._off = ""  # what stands for a user who is not there
        self.rules = rules
        self.facts, self.fate = self._fate()
        changes = [item.change for item in items]
        if self.facts is not None:
            changes = self._with_fate(changes)
        known = link if rules.fold else _untold(link, OWN)
        self.plan = guard.plan(known, changes)
        winners = {change.offset for change in self.plan.winners.values()}
        self.winners = [i for i in items if i.change.offset in winners]

    # ---- what has become of the user

    def _fate(self) -> tuple[Facts | None, Fate]:
        """Return what is known, or None where nobody ever was deleted or merged."""
        link = self.link
        if not link.marks and not any(item.is_special for item in self.items):
            return None, "there"
        marks = [mark for item in self.items for mark in item.marks]
        facts = known_facts(link).plus(marks)
        return facts, facts.fate(self.rules.grace_seconds)

    def _with_fate(self, changes: list[Change]) -> list[Change]:
        """Let the fate decide whether the record is active, whoever brought it about.

        A deletion that is known to be a merge before it acts leaves the record as it
        is. Where the fate is not what the newest event says (a mark that came later, a
        primary that went), the mark sets it, just above what it corrects.
        """
        secret = self.items[0].secret
        off = secret.of_switch(ACTIVE, on=False)
        on = secret.of_switch(ACTIVE, on=True)
        found = [
            replace(change, fields={**change.fields, ACTIVE: on})
            if item.is_deletion and not item.is_control and self._keeps(item)
            else change
            for item, change in zip(self.items, changes, strict=True)
        ]
        by = self._decider
        if by is not None and self.fate != "there":
            keeps = self.fate == "merged" and self.rules.on.merged != "deactivate"
            found += self._corrected(found, by.change, on if keeps else off, off)
        self._off = off
        return found

    @property
    def _decider(self) -> Item | None:
        """The event that may have changed the fate without being the newest."""
        telling = [item for item in self.items if item.marks]
        controls = [item for item in telling if item.is_control]
        return next(reversed(controls or telling), None)

    def _keeps(self, deletion: Item) -> bool:
        """Whether no attempt of the deletion can have acted: it knew of the merge."""
        if self.fate != "merged" or self.rules.on.merged == "deactivate":
            return False
        grace = self.rules.grace_seconds
        until = deletion.received_at + grace
        in_time = [i for i in self.items if i.received_at <= until]
        marks = [mark for item in in_time for mark in item.marks]
        return known_facts(self.link).plus(marks).fate(grace) == "merged"

    def _corrected(
        self, changes: list[Change], by: Change, wanted: str, off: str
    ) -> list[Change]:
        base = self.link.versions.get(ACTIVE)
        told = self.link.fingerprints.get(ACTIVE)
        for change in changes:
            own = change.version
            if ACTIVE in change.fields and (base is None or own > base):
                base, told = own, change.fields[ACTIVE]
        before = known_facts(self.link).fate(self.rules.grace_seconds)
        if told == wanted or (told is None and before == self.fate):
            return []
        version = by.version if base is None or by.version > base else _above(base)
        fields: dict[str, str | None] = {ACTIVE: wanted}
        if wanted == off:  # as a deletion does, it covers the whole record
            fields |= dict.fromkeys(self.rules.written)
        return [replace(by, version=version, fields=fields)]

    # ---- what is asked

    @property
    def newest(self) -> list[Item]:
        """The items that set a field, the newest first."""
        return sorted(self.winners, key=lambda i: i.change.version, reverse=True)

    def at(self, record_id: str | None) -> Fold:
        """Return the fold for another record: of that one nothing is known yet."""
        if record_id == self.link.record_id:
            return self
        link = replace(_untold(self.link, (HINT, *SWITCHES)), record_id=record_id)
        return Fold(self.items, link, self.rules, self._durable)

    def _value(self, name: str) -> str | None:
        """Return what stands for the field's value once all is done."""
        winner = self.plan.winners.get(name)
        if winner is None:
            return self.link.fingerprints.get(name)
        return winner.fields[name]

    @property
    def deletion(self) -> Item | None:
        """The event that ends the user, where the user's end is what is left to do."""
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

    # ---- keys

    @property
    def hint(self) -> Item | None:
        """The event with the newest hint, if it is newer than the link's."""
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
        """Return the link as it was, with the open *item*: no more is settled."""
        return replace(self._durable, open=item)

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
            link = replace(link, record_id=record_id, marks=marks, open=None)
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


def known_facts(link: Link) -> Facts:
    """Return what the link knows; without a mark the user was there at its last."""
    if link.marks:
        return Facts(link.marks)
    last = link.versions.get(ACTIVE)
    return Facts({} if last is None else {CHANGED: last})


def _untold(link: Link, kept: Collection[str]) -> Link:
    """Return *link* as if no field but the *kept* ones had been told."""
    own = {name: f for name, f in link.fingerprints.items() if name in kept}
    return replace(link, fingerprints=own)


def _above(version: Version) -> Version:
    return version._replace(whole=version.whole + 1)
