"""From an event to the change that it stands for at one destination."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from events.model import MISSING, Event
from processors.correlation.fates import ABANDONED, CHANGED, DELETED, MERGED, Mark
from processors.correlation.fingerprints import Fingerprints
from processors.correlation.instants import instant
from processors.correlation.paths import at
from processors.correlation.rules import Rules
from processors.correlation.trust import previous_email, trusts
from processors.delivery.guard import Change
from processors.delivery.link import HINT
from processors.delivery.verdict import OutcomeName
from processors.delivery.version import Version

__all__ = ["ACTIVE", "Fingerprints", "Item", "item_of"]

CHANGES = ("user.created", "user.updated")
DELETION = "user.deleted"
CONTROLS = {"keepstep.user.merged": MERGED, "keepstep.user.deleted": ABANDONED}
# Fields like any other, but not of the record; no target can be named so: whether the
# user is there, is not blocked, is selected, and which record the profile names.
ACTIVE, BLOCKED, SELECTED = "@active", "@blocked", "@selected"
SWITCHES = (BLOCKED, SELECTED)
OFF, ON = "off", "on"  # what stands for the value of a switch


@dataclass(slots=True, eq=False)  # frozen, it would take three times as long to make
class Item:
    """One event of an attempt: what it carries, and the values to send.

    `marks` is what it says about the user's fate. `email` and `hint` are keys to find
    the record by; an `untrusted` address is none.
    """

    event: Event
    change: Change
    values: Mapping[str, Any]
    secret: Fingerprints = field(repr=False)
    unmappable: tuple[str, ...] = ()  # fields whose value cannot be made of it
    without_call: OutcomeName | None = None  # it asks nothing of the destination
    marks: tuple[Mark, ...] = ()
    hint: str | None = None
    email: str | None = None
    untrusted: bool = False
    selected: bool = True
    received_at: float = 0.0
    before: Mapping[str, Any] | None = None  # the values of the previous profile
    was_email: str | None = None

    @property
    def place(self) -> str:
        """Where the event stands: the topic, as far as it is known, and the offset."""
        return f"{self.change.topic_ref}@{self.change.offset}"

    @property
    def is_special(self) -> bool:
        """Whether the user was deleted or merged."""
        return bool(self.marks) and self.marks[0][0] != CHANGED

    @property
    def is_deletion(self) -> bool:
        """Whether the user, or the login that the user was merged into, is deleted."""
        kinds = (DELETED, ABANDONED)
        return self.is_special and self.marks[0][0].startswith(kinds)

    @property
    def is_control(self) -> bool:
        """Whether ingest has made it, of another login's event."""
        return self.is_special and self.event.type in CONTROLS


def item_of(
    event: Event,
    offset: int,
    received_at: float,
    rules: Rules,
    fingerprints: Fingerprints,
    topic_ref: str = "",
) -> Item:
    """Read *event*; *received_at* (epoch seconds) stands in for a time it lacks.

    *topic_ref* and *offset* say where it stands in the source topic.
    """
    version = _version(event, received_at)
    if event.type not in CHANGES:
        change = Change(offset, version, {}, topic_ref)
        return _other(event, change, received_at, rules, fingerprints)
    if event.test and rules.test_events == "skip":
        change = Change(offset, version, {}, topic_ref)
        return Item(event, change, {}, fingerprints, without_call="test")
    trusted = trusts(event.profile, event.user_id, rules.lookup)
    profile = event.profile
    email = profile.get("email")
    if not isinstance(email, str) or not email:
        email = None
    elif not trusted:
        profile = {name: v for name, v in profile.items() if name != "email"}
    values, unmappable = rules.mapper.of(profile)
    sources = rules.mapper.sources
    marks: dict[str, str | None] = {
        target: fingerprints.of(target, sources[target], value)
        for target, value in values.items()
    }
    marks[ACTIVE] = fingerprints.of_switch(ACTIVE, on=True)
    condition = rules.condition
    selected = True if condition is None else condition.holds(event.profile)
    if condition is not None and rules.on.deselected == "deactivate":
        marks[SELECTED] = ON if selected else OFF
    if rules.on.blocked == "deactivate" and isinstance(profile.get("blocked"), bool):
        marks[BLOCKED] = OFF if profile["blocked"] else ON
    hint = _hint(event, rules)
    if hint is not None:
        marks[HINT] = fingerprints.of(HINT, "", hint)
    before = was_email = None
    if event.previous:
        before = rules.mapper.of(event.previous).values
        was_email = previous_email(event, rules.lookup)
    return Item(
        event,
        Change(offset, version, marks, topic_ref),
        values,
        fingerprints,
        unmappable,
        None,
        ((CHANGED, version),),
        hint,
        email if trusted else None,
        email is not None and not trusted,
        selected,
        received_at,
        before,
        was_email,
    )


def _other(
    event: Event,
    change: Change,
    received_at: float,
    rules: Rules,
    fingerprints: Fingerprints,
) -> Item:
    """Read what is neither created nor updated."""
    if event.type != DELETION and event.type not in CONTROLS:
        return Item(event, change, {}, fingerprints, without_call="unhandled")
    if event.test and rules.test_events == "skip":
        return Item(event, change, {}, fingerprints, without_call="test")
    if event.type == DELETION:
        name = DELETED
        change = _of_deletion(change, rules, fingerprints)
    else:
        primary = fingerprints.of("@primary", "", event.primary_user_id)
        name = CONTROLS[event.type] + primary
    trusted = trusts(event.profile, event.user_id, rules.lookup)
    email = event.profile.get("email") if trusted else None
    return Item(
        event,
        change,
        {},
        fingerprints,
        marks=((name, change.version),),
        email=email if isinstance(email, str) and email else None,
        received_at=received_at,
    )


def _of_deletion(change: Change, rules: Rules, fingerprints: Fingerprints) -> Change:
    """Return the change that sets the whole record at its version."""
    covered: dict[str, str | None] = dict.fromkeys(rules.written)
    covered[ACTIVE] = fingerprints.of_switch(ACTIVE, on=False)
    if rules.lookup.hint is not None:
        covered[HINT] = None
    if rules.on.blocked == "deactivate":
        covered[BLOCKED] = None
    if rules.on.deselected == "deactivate":
        covered[SELECTED] = None
    return replace(change, fields=covered)


def _hint(event: Event, rules: Rules) -> str | None:
    path = rules.lookup.hint_path
    value = MISSING if path is None else at(event.profile, path)
    if value is MISSING or value is None or value == "" or isinstance(value, bool):
        return None
    return str(value)


def _version(event: Event, received_at: float) -> Version:
    updated_at = instant(event.profile.get("updated_at"))
    time = instant(event.time) or updated_at or _epoch(received_at)
    return Version(time, updated_at, event.id)


def _epoch(seconds: float) -> str:
    return instant(datetime.fromtimestamp(seconds, UTC).isoformat())
