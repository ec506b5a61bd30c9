"""What correlation asks of a destination, and what it is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Find:
    """Search records by email; answered by `Found`."""

    email: str


@dataclass(frozen=True)
class Create:
    """Make a record; answered by `Done`."""

    fields: Mapping[str, Any]


@dataclass(frozen=True)
class Update:
    """Change these fields of a record and no others; answered by `Done` or `Gone`."""

    record_id: str
    fields: Mapping[str, Any]


@dataclass(frozen=True)
class Deactivate:
    """Mark a record as inactive; answered by `Done` or `Gone`."""

    record_id: str


@dataclass(frozen=True)
class Restore:
    """Mark a record as active again; answered by `Done` or `Gone`."""

    record_id: str


@dataclass(frozen=True)
class Delete:
    """Remove a record; answered by `Done` or `Gone`."""

    record_id: str


Call = Find | Create | Update | Deactivate | Restore | Delete


@dataclass(frozen=True)
class Found:
    """The ids of the records whose email is exactly the one asked for."""

    record_ids: tuple[str, ...]


@dataclass(frozen=True)
class Done:
    """The call took effect on this record."""

    record_id: str


@dataclass(frozen=True)
class Gone:
    """There is no such record (any more)."""


Answer = Found | Done | Gone
