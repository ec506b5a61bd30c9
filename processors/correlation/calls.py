"""What correlation asks of a destination, and what it is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class Find:
    """Search records whose *key* is exactly *value*; answered by `Found`."""

    value: str
    key: Literal["email", "user_id"] = "email"


@dataclass(frozen=True)
class Fetch:
    """Read one record; answered by `Fetched` or `Gone`."""

    record_id: str


@dataclass(frozen=True)
class Create:
    """Make a record; answered by `Done` or `Conflict`.

    A repeat of one creation has the same `intent` (an event's id): where a destination
    takes an idempotency key, it is made of it.
    """

    fields: Mapping[str, Any]
    intent: str = ""


@dataclass(frozen=True)
class Update:
    """Change these fields of a record and no others; answered by `Done` or `Gone`."""

    record_id: str
    fields: Mapping[str, Any]


@dataclass(frozen=True)
class Deactivate:
    """Mark a record as inactive; answered by `Done`, `Gone` or `Braked`."""

    record_id: str


@dataclass(frozen=True)
class Restore:
    """Mark a record as active again; answered by `Done` or `Gone`."""

    record_id: str


@dataclass(frozen=True)
class Delete:
    """Remove a record; answered by `Done`, `Gone` or `Braked`."""

    record_id: str


Call = Find | Fetch | Create | Update | Deactivate | Restore | Delete


@dataclass(frozen=True)
class Found:
    """The ids of the records whose key is exactly the one asked for.

    `owners` says of a record which user_id stands in it, where one does.
    """

    record_ids: tuple[str, ...]
    owners: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Fetched:
    """What the record holds now, as it was answered: nested, with its JSON types."""

    fields: Mapping[str, Any]


@dataclass(frozen=True)
class Done:
    """The call took effect on this record."""

    record_id: str


@dataclass(frozen=True)
class Gone:
    """There is no such record (any more)."""


@dataclass(frozen=True)
class Conflict:
    """A record with one of these keys is there already: look it up, then update."""


@dataclass(frozen=True)
class Braked:
    """No call was made: too many records have been deactivated of late."""


Answer = Found | Fetched | Done | Gone | Conflict | Braked
