"""What correlation asks of a destination, and what it is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Find:
    """Search records by one of the user's keys; answered by `Found`."""

    by: Literal["user_id", "email"]
    value: str


@dataclass(frozen=True)
class Fetch:
    """Read a record; answered by `Fetched` or `Gone`."""

    record_id: str


@dataclass(frozen=True)
class Create:
    """Make a record; answered by `Done` or `Conflict`."""

    fields: Mapping[str, Any]


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
class Hit:
    """A record that was found, and the user_id that it holds, if it holds one."""

    record_id: str
    user_id: str | None = None


@dataclass(frozen=True)
class Found:
    """The records whose key is exactly the one asked for (an email ignoring case)."""

    hits: tuple[Hit, ...]


@dataclass(frozen=True)
class Fetched:
    """The record's fields, nested as in the body of a create."""

    record: Mapping[str, Any]


@dataclass(frozen=True)
class Done:
    """The call took effect on this record."""

    record_id: str


@dataclass(frozen=True)
class Gone:
    """There is no such record (any more)."""


@dataclass(frozen=True)
class Conflict:
    """The record was not made, because there is one like it."""


@dataclass(frozen=True)
class Braked:
    """No call was made: too many records have been deactivated of late."""


Answer = Found | Fetched | Done | Gone | Conflict | Braked
