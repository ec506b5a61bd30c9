"""What several events make of a user: there, deleted, or merged into another login."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
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
    is not there.
    """

    facts: Facts | None
    fate: Fate
    off: str
    changes: list[Change]


def becoming_of(items: Sequence[Item], link: Link, rules: Rules) -> Becoming:
    """Return what has become of the user, as far as *link* and *items* tell.

    The fate decides whether the record is active, whoever brought it about. A deletion
    that is known to be a merge before it acts leaves the record as it is. Where the
    fate is not what the newest event says (a mark that came later, a primary that
    went), the mark sets it, just above what it corrects.
    """
    changes = [item.change for item in items]
    if not link.marks and not any(item.is_special for item in items):
        return Becoming(None, "there", "", changes)
    marks = [mark for item in items for mark in item.marks]
    facts = _known(link).plus(marks)
    fate = facts.fate(rules.grace_seconds)
    secret = items[0].secret
    off = secret.of_switch(ACTIVE, on=False)
    on = secret.of_switch(ACTIVE, on=True)
    judged = _Judged(items, link, rules, fate)
    changes = [
        replace(change, fields={**change.fields, ACTIVE: on})
        if item.is_deletion and not item.is_control and judged.keeps(item)
        else change
        for item, change in zip(items, changes, strict=True)
    ]
    by = judged.decider
    if by is not None and fate != "there":
        keeps = fate == "merged" and rules.on.merged != "deactivate"
        changes += judged.corrected(changes, by.change, on if keeps else off, off)
    return Becoming(facts, fate, off, changes)


@dataclass(frozen=True, slots=True)
class _Judged:
    """Events of a user whose fate is known."""

    items: Sequence[Item]
    link: Link
    rules: Rules
    fate: Fate

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
        told = self.link.fingerprints.get(ACTIVE)
        for change in changes:
            own = change.version
            if ACTIVE in change.fields and (base is None or own > base):
                base, told = own, change.fields[ACTIVE]
        before = _known(self.link).fate(self.rules.grace_seconds)
        if told == wanted or (told is None and before == self.fate):
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
