"""The version guard: which fields an event may still set, and which must be sent.

Fields are opaque here: a name, and the fingerprint of the value that an event carries.
The rules are those of a model that was checked (docs/explanation/ordering.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from processors.delivery.link import Link
from processors.delivery.version import Version


@dataclass(frozen=True, slots=True)
class Change:
    """What one event carries: its version, and a fingerprint for each field.

    None stands for a field that a deletion covers: it has no value to be sent.
    """

    offset: int
    version: Version
    fields: Mapping[str, str | None]
    topic_ref: str = ""  # of its source topic, where that is not the link's


class Plan(NamedTuple):
    """What several changes come to: who sets a field, and what must be sent."""

    winners: Mapping[str, Change]
    send: tuple[str, ...]


def is_fresh(link: Link, name: str, change: Change) -> bool:
    """Whether *change* may set the field: it is newer, or asked for again."""
    known = link.versions.get(name)
    if known is None or change.version > known:
        return True
    return change.version == known and _is_replay(link, change)


def _is_replay(link: Link, change: Change) -> bool:
    """Whether an operator asked for it again; offsets of another topic say nothing."""
    current = change.topic_ref in ("", link.topic_ref)
    return current and change.offset <= link.replay_until


def plan(link: Link, changes: Sequence[Change]) -> Plan:
    """Return for each field its newest fresh change, and the fields to send.

    A field is left out only if every one of *changes* that may set it agrees with its
    fingerprint: an attempt of any of them may have reached the destination before a
    crash or a lost answer. A stale one was never attempted.
    """
    winners: dict[str, Change] = {}
    versions = link.versions
    for change in changes:
        version = change.version
        for name in change.fields:
            known = versions.get(name)
            # As `is_fresh` says, without asking for what is new anyway.
            if known is None or version > known or is_fresh(link, name, change):
                other = winners.get(name)
                if other is None or version > other.version:
                    winners[name] = change
    send = [
        name
        for name, winner in winners.items()
        if winner.fields[name] is not None and not _agreed(link, name, changes)
    ]
    return Plan(winners, tuple(send))


def _agreed(link: Link, name: str, changes: Sequence[Change]) -> bool:
    known = link.fingerprints.get(name)
    if known is None:
        return False
    for change in changes:  # a generator would cost more than what it asks
        if change.fields.get(name, known) != known and is_fresh(link, name, change):
            return False
    return True


def confirmed(link: Link, planned: Plan) -> Link:
    """Return *link* after the destination has taken what *planned* sends."""
    versions, fingerprints = dict(link.versions), dict(link.fingerprints)
    winners = planned.winners
    for name, winner in winners.items():
        versions[name] = winner.version
        if winner.fields[name] is None:
            fingerprints.pop(name, None)
    for name in planned.send:
        fingerprints[name] = winners[name].fields[name]  # type: ignore[assignment]  # is sent, so it has a value
    return link.but(versions=versions, fingerprints=fingerprints)


def unconfirmed(link: Link, change: Change) -> Link:
    """Return *link* after *change* ended without a confirmed call.

    It takes along the fingerprints that it disagrees with, for an attempt of it may
    have reached the destination; a stale one was never attempted.
    """
    doubted = {
        name
        for name, value in change.fields.items()
        if link.fingerprints.get(name, value) != value and is_fresh(link, name, change)
    }
    if not doubted:
        return link
    kept = {name: f for name, f in link.fingerprints.items() if name not in doubted}
    return link.but(fingerprints=kept)


def given_up(link: Link, change: Change) -> Link:
    """Return *link* after *change* became a dead letter or was skipped.

    Its versions are not taken, so that it can be put back. Where it was a replay, it
    may have taken them the first time: they are taken back.
    """
    link = unconfirmed(link, change)
    if not _is_replay(link, change):
        return link
    versions = {
        name: version.just_below()
        if name in change.fields and version == change.version
        else version
        for name, version in link.versions.items()
    }
    return link.but(versions=versions)
