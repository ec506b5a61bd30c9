"""What several events make of a user: there, deleted, or merged into another login."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

from processors.correlation.fates import CHANGED, Facts, Fate
from processors.correlation.reading import ACTIVE, Item
from processors.correlation.rules import Rules
from processors.delivery.guard import Change
from processors.delivery.link import Link
from processors.delivery.version import Version


class Becoming(NamedTuple):
    """The user's fate, and what the events change in its light.

    `facts` is None where nobody ever was deleted or merged; `off` stands for a user who
    is not there. Where that is `doubted`, an earlier attempt may have said so without
    any of the events saying it: what was told last is not known.
    """

    facts: Facts | None
    fate: Fate
    off: str
    changes: list[Change]
    doubted: bool = False


def becoming_of(items: Sequence[Item], link: Link, rules: Rules) -> Becoming:
    """Return what has become of the user, as far as *link* and *items* tell.

    The fate decides whether the record is active, whoever brought it about. A deletion
    that is known to be a merge before it acts leaves the record as it is. Where the
    fate is not what the newest event says (a mark that came later, a primary that
    went), the mark sets it, just above what it corrects. An attempt of the first of
    *items* alone may have done so in the light of another fate.
    """
    changes = [item.change for item in items]
    if not link.marks and not any(item.is_special for item in items):
        return Becoming(None, "there", "", changes)
    becoming = _at_once(items, link, rules)
    said = set(map(_said, becoming.changes))
    if any(_said(told) not in said for told in _told_before(items, link, rules)):
        return _at_once(items, link, rules, doubted=True)
    return becoming


def _said(change: Change) -> tuple[int, Version, str | None]:
    return change.offset, change.version, change.fields.get(ACTIVE)


def _told_before(items: Sequence[Item], link: Link, rules: Rules) -> Iterator[Change]:
    """Yield what attempts of the first *items* alone may have told, if not known.

    One that ends a user waits until the log has been read past its grace: it was made
    before the next event came.
    """
    known, facts = link.fingerprints.get(ACTIVE), _known(link)
    received_at = {item.change.offset: item.received_at for item in items}
    for count, (item, following) in enumerate(pairwise(items), 1):
        facts = facts.plus(item.marks)
        if facts.fate(rules.grace_seconds) == "there":
            continue  # then no more is told than the events say
        before = _at_once(items[:count], link, rules)
        late = following.received_at - rules.grace_seconds
        for change in before.changes:
            value = change.fields.get(ACTIVE, known)
            acted = value != before.off or received_at[change.offset] < late
            if value != known and acted:
                yield change


def _at_once(
    items: Sequence[Item], link: Link, rules: Rules, *, doubted: bool = False
) -> Becoming:
    """Return the same for a first attempt; its corrections are the last changes."""
    changes = [item.change for item in items]
    marks = [mark for item in items for mark in item.marks]
    facts = _known(link).plus(marks)
    fate = facts.fate(rules.grace_seconds)
    secret = items[0].secret
    off = secret.of_switch(ACTIVE, on=False)
    on = secret.of_switch(ACTIVE, on=True)
    judged = _Judged(items, link, rules, fate, doubted)
    changes = [
        replace(change, fields={**change.fields, ACTIVE: on})
        if item.is_deletion and not item.is_control and judged.keeps(item)
        else change
        for item, change in zip(items, changes, strict=True)
    ]
    by = judged.decider
    if by is not None and (doubted or fate != "there"):
        merged_off = fate == "merged" and rules.on.merged == "deactivate"
        wanted = off if fate == "deleted" or merged_off else on
        changes += judged.corrected(changes, by.change, wanted, off)
    return Becoming(facts, fate, off, changes, doubted)


@dataclass(frozen=True, slots=True)
class _Judged:
    """Events of a user whose fate is known."""

    items: Sequence[Item]
    link: Link
    rules: Rules
    fate: Fate
    doubted: bool

    @property
    def decider(self) -> Item | None:
        """The event that may have changed the fate without being the newest."""
        telling = [item for item in self.items if item.marks]
        controls = [item for item in telling if item.is_control]
        return next(reversed(controls or telling), None)

    def keeps(self, deletion: Item) -> bool:
        """Whether no attempt of the deletion can have acted: it knew of the merge."""
        if self.fate != "merged" or self.rules.on.merged == "deactivate":
            return False
        grace = self.rules.grace_seconds
        until = deletion.received_at + grace
        in_time = [i for i in self.items if i.received_at <= until]
        marks = [mark for item in in_time for mark in item.marks]
        return _known(self.link).plus(marks).fate(grace) == "merged"

    def corrected(
        self, changes: list[Change], by: Change, wanted: str, off: str
    ) -> list[Change]:
        """Return the change that *by* makes to get what is *wanted*, if it must."""
        base = self.link.versions.get(ACTIVE)
        told = None if self.doubted else self.link.fingerprints.get(ACTIVE)
        for change in changes:
            own = change.version
            if ACTIVE in change.fields and (base is None or own > base):
                base, told = own, change.fields[ACTIVE]
        before = _known(self.link).fate(self.rules.grace_seconds)
        known = told is not None or self.doubted
        if told == wanted or (not known and before == self.fate):
            return []
        version = by.version if base is None or by.version > base else _above(base)
        fields: dict[str, str | None] = {ACTIVE: wanted}
        if wanted == off:  # as a deletion does, it covers the whole record
            fields |= dict.fromkeys(self.rules.written)
        return [replace(by, version=version, fields=fields)]


def _known(link: Link) -> Facts:
    """Return what the link knows; without a mark the user was there at its last."""
    if link.marks:
        return Facts(link.marks)
    last = link.versions.get(ACTIVE)
    return Facts({} if last is None else {CHANGED: last})


def _above(version: Version) -> Version:
    return version._replace(whole=version.whole + 1)
