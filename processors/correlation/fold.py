"""Several events of one user as one intention."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from events.model import MISSING
from processors.correlation.fields import Sent
from processors.correlation.reading import ACTIVE, Item
from processors.correlation.rules import Rules
from processors.delivery import guard
from processors.delivery.link import Link
from processors.delivery.verdict import End, Settled

Unsent = Collection[str]


class Fold:
    """What *items*, in the order of the log, ask of a record that *link* describes."""

    def __init__(self, items: Sequence[Item], link: Link) -> None:
        self.items = items
        self.link = link
        self.plan = guard.plan(link, [item.change for item in items])
        winners = {change.offset for change in self.plan.winners.values()}
        self._winners = [i for i in items if i.change.offset in winners]

    @property
    def newest(self) -> list[Item]:
        """The items that set a field, the newest first."""
        return sorted(self._winners, key=lambda i: i.change.version, reverse=True)

    def at(self, record_id: str | None) -> Fold:
        """Return the fold for another record: of that one nothing is known yet."""
        if record_id == self.link.record_id:
            return self
        link = replace(self.link, record_id=record_id, fingerprints={})
        return Fold(self.items, link)

    @property
    def deletion(self) -> Item | None:
        """The deletion that the fold ends in, if it does."""
        winner = self.plan.winners.get(ACTIVE)
        found = [i for i in self._winners if i.change is winner and i.is_deletion]
        return found[0] if found else None

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
        return self.restores or any(name != ACTIVE for name in self.plan.send)

    @property
    def restores(self) -> bool:
        """Whether the record may be inactive by our doing, and shall be active."""
        known = ACTIVE in self.link.versions or any(i.is_deletion for i in self.items)
        return self.deletion is None and ACTIVE in self.plan.send and known

    def fields(self, sent: Sent, rules: Rules) -> dict[str, Any]:
        """Return the values to send in such a call, by the record's field."""
        values = {i.change.offset: i.values for i in self._winners}
        return {
            name: values[self.plan.winners[name].offset][name]
            for name in self.plan.send
            if name != ACTIVE and sent in rules.fields[name].on
        }

    def first(self, path: str) -> Any:
        """Return the newest value at *path* of the events that count, or MISSING."""
        found = (item.event.at(path) for item in self.newest)
        return next(
            (value for value in found if value not in (MISSING, None, "")), MISSING
        )

    def superseded(self) -> frozenset[int]:
        """Return the offsets of the events that set no field, in a fold of several."""
        losers = [i for i in self.items if i not in self._winners]
        return frozenset(item.change.offset for item in losers)

    def settled(self, done: End, record_id: str | None, unsent: Unsent = ()) -> Settled:
        """Return how each event ended, the ones that count as *done*.

        Where nothing was told to the destination (`skipped`), no fingerprint says so,
        nor does one of a field that was *unsent*.
        """
        link, plan = self.link, self.plan
        plan = plan._replace(send=tuple(n for n in plan.send if n not in unsent))
        if done.outcome == "skipped":
            plan = plan._replace(send=())
            for item in self.items:  # an earlier try of it may have been told
                link = guard.unconfirmed(link, item.change)
        link = guard.confirmed(link, plan)
        ends = tuple(self._end(item, done) for item in self.items)
        return Settled(ends, replace(link, record_id=record_id))

    def _end(self, item: Item, done: End) -> End:
        if item.without_call is not None:
            return End(item.without_call)
        if item in self._winners:
            return done
        version = item.change.version
        if any(v.event_id == version.event_id for v in self.link.versions.values()):
            return End("duplicate")
        return End("superseded" if self._is_fresh(item) else "stale")

    def _is_fresh(self, item: Item) -> bool:
        change = item.change
        return any(guard.is_fresh(self.link, name, change) for name in change.fields)
