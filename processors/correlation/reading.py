"""From an event to the change that it stands for at one destination."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

import msgspec

from events.model import Event
from processors.correlation.instants import instant
from processors.correlation.rules import Rules
from processors.delivery.guard import Change
from processors.delivery.verdict import OutcomeName
from processors.delivery.version import Version

CHANGES = ("user.created", "user.updated")
DELETION = "user.deleted"
_json = msgspec.json.Encoder()
# Whether the record is active is a field like any other; no target can be named so.
ACTIVE = "@active"


class Fingerprints:
    """Keyed hashes of values: who reads a link cannot guess an email address."""

    def __init__(self, secret: str) -> None:
        self._key = secret.encode()[:64]
        self._begun: dict[tuple[str, str], blake2b] = {}

    def of(self, target: str, source: str, value: object) -> str:
        """Return what stands for *value* in *target*; a changed mapping changes it."""
        begun = self._begun.get((target, source))
        if begun is None:
            begun = self._begin(target, source)
        hashed = begun.copy()
        hashed.update(_json.encode(value))
        return urlsafe_b64encode(hashed.digest()).decode()

    def _begin(self, target: str, source: str) -> blake2b:
        """Hash what is the same for all values of a field, once."""
        begun = blake2b(
            _json.encode([target, source]),
            key=self._key,
            digest_size=9,
            person=b"fingerprint",
        )
        self._begun[target, source] = begun
        return begun


@dataclass(frozen=True, slots=True)
class Item:
    """One event of an attempt: what it carries, and the values to send."""

    event: Event
    change: Change
    values: Mapping[str, Any]
    unmappable: tuple[str, ...] = ()  # fields whose value cannot be made of it
    without_call: OutcomeName | None = None  # it asks nothing of the destination

    @property
    def is_deletion(self) -> bool:
        """Whether the user is deleted."""
        return self.event.type == DELETION and self.without_call is None


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
    values: dict[str, Any] = {}
    unmappable: tuple[str, ...] = ()
    marks: dict[str, str | None] = {}
    without_call: OutcomeName | None = None
    if event.type not in (*CHANGES, DELETION):
        without_call = "unhandled"
    elif event.test and rules.test_events == "skip":
        without_call = "test"
    elif event.type == DELETION:
        marks = dict.fromkeys(rules.fields)
        marks[ACTIVE] = fingerprints.of(ACTIVE, "", value=False)
    else:
        values, unmappable = rules.mapper.of(event.profile)
        sources = rules.mapper.sources
        marks = {
            target: fingerprints.of(target, sources[target], value)
            for target, value in values.items()
        }
        marks[ACTIVE] = fingerprints.of(ACTIVE, "", value=True)
    change = Change(offset, _version(event, received_at), marks, topic_ref)
    return Item(event, change, values, unmappable, without_call)


def _version(event: Event, received_at: float) -> Version:
    updated_at = instant(event.at("updated_at"))
    time = instant(event.time) or updated_at or _epoch(received_at)
    return Version(time, updated_at, event.id)


def _epoch(seconds: float) -> str:
    return instant(datetime.fromtimestamp(seconds, UTC).isoformat())
