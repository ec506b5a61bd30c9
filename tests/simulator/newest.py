"""S3 at the end of a run: every field has its newest value, newest by version."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from processors.correlation.fates import Facts
from processors.correlation.reading import ACTIVE, Item
from processors.delivery import link as links
from processors.delivery.version import Version
from tests.simulator.crm import Contact
from tests.simulator.history import Source
from tests.simulator.notes import Broken
from tests.simulator.plan import FIELDS

if TYPE_CHECKING:
    from tests.simulator.world import World

TOLD = frozenset(
    {"applied", "unchanged", "duplicate", "stale", "superseded", "merged", "noted"}
)
LIVE = frozenset({"applied", "unchanged", "duplicate", "stale"})


@dataclass(frozen=True, slots=True)
class Carried:
    """One event's say on a field, with all its copies in the log."""

    version: Version
    item: Item
    copies: tuple[Source, ...]

    @property
    def outcomes(self) -> frozenset[str]:
        """How its copies ended last; `pending` where one has not."""
        return frozenset(
            source.outcomes[-1].outcome if source.settled else "pending"
            for source in self.copies
        )

    @property
    def is_live(self) -> bool:
        """Whether the destination was told, or had no need to be."""
        return bool(self.outcomes & LIVE)

    @property
    def was_skipped(self) -> bool:
        """Whether a policy ever let it pass untold: its versions are taken then."""
        ends = (end for source in self.copies for end in source.outcomes)
        return any(end.outcome == "skipped" for end in ends)

    @property
    def was_attempted(self) -> bool:
        """Whether an attempt of it may have changed the destination."""
        return any(source.attempted for source in self.copies)


def check_user(
    world: World, partition: int, user: bytes, sources: Sequence[Source]
) -> None:
    """Hold one user's record against the user's events.

    Raises:
        Broken: A field does not have its newest value.
    """
    if any(source.gone and source.attempted for source in sources):
        return  # what was taken away had reached the destination before
    if world.history.is_lost(partition, user):
        return
    raw = world.broker.ledgers[partition].links.get(user)
    record_id = None if raw is None else links.decode(raw).record_id
    contact = None if record_id is None else world.crm.contacts.get(record_id)
    known = [source for source in sources if source.item is not None]
    if any(source.item and source.item.is_control for source in known):
        if partition not in world.history.ever_set_back:
            _check_fate(world, user, known, contact)
        return
    for name in (*FIELDS, ACTIVE):
        carried = _newest_first(name, known)
        told = _told(carried, rewound=partition in world.history.ever_set_back)
        if told is not None:
            world.notes(f"checked {name}")
            expected = _expected(world, name, told, contact)
            actual = _actual(contact, name)
            if expected is not None and actual != expected:
                shows = f"{name} of {user!r} is {actual!r}, not {expected!r}"
                raise Broken(f"S3: {shows} as in {told.copies[0]}")


def _check_fate(
    world: World, user: bytes, known: Sequence[Source], contact: Contact | None
) -> None:
    """Hold the record of a user who may have been merged against all that was told.

    What the newest values are depends on the fate, so they are not looked at.
    """
    rules = world.plan.correlation
    ends = {s.outcomes[-1].outcome if s.settled else "pending" for s in known}
    promised = rules.can_restore and rules.on.deleted == "deactivate"
    if contact is None or not promised or not ends <= TOLD:
        return
    marks = [mark for s in known if s.item is not None for mark in s.item.marks]
    fate = Facts({}).plus(marks).fate(rules.grace_seconds)
    world.notes("checked fate")
    if contact.active != (fate != "deleted"):
        shows = f"active is {contact.active}"
        raise Broken(f"S3: {shows} of {user!r}, whose fate is {fate}")


def _newest_first(name: str, sources: Iterable[Source]) -> list[Carried]:
    copies: dict[Version, list[Source]] = {}
    for source in sources:
        if source.item is not None and name in source.item.change.fields:
            copies.setdefault(source.item.change.version, []).append(source)
    found = []
    for version in sorted(copies, reverse=True):
        item = copies[version][0].item
        assert item is not None
        found.append(Carried(version, item, tuple(copies[version])))
    return found


def _told(carried: Sequence[Carried], *, rewound: bool) -> Carried | None:
    """Return the event whose value the destination has to have, if one must.

    The newest; where that became a dead letter, was skipped or has not ended, the one
    that was told last, unless an attempt of the others may have changed the field.
    """
    if not carried or carried[0].was_skipped:
        return None
    if carried[0].is_live:
        return carried[0]
    if carried[0].outcomes == {"superseded"}:
        raise Broken(f"S3: nothing is newer than {carried[0].copies[0]}")
    others = [one for one in carried if not one.is_live]
    if rewound or any(one.was_skipped for one in carried):
        return None
    if any(one.was_attempted for one in others):
        return None
    return next((one for one in carried if one.is_live), None)


def _expected(world: World, name: str, told: Carried, contact: Contact | None) -> Any:
    """Return the value of a field, None where none is promised."""
    rules = world.plan.correlation
    if name != ACTIVE:
        return told.item.values.get(name)  # a deletion has no values
    if told.item.is_deletion:
        return False
    # An event without any value for a field makes no record.
    return True if rules.can_restore and contact is not None else None


def _actual(contact: Contact | None, name: str) -> Any:
    if name == ACTIVE:
        return contact is not None and contact.active
    return "nothing" if contact is None else contact.fields.get(name)
