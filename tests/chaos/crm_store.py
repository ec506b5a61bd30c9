"""The contacts of the stand-in CRM."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from tests.history.records import DELETED


@dataclass(slots=True)
class Contact:
    """One record; `name` holds the number of an event, `phone` its mood."""

    id: str
    fields: dict[str, Any] = field(default_factory=dict)

    @property
    def user_id(self) -> str:
        """The user whose record it is."""
        return str(self.fields["auth0_user_id"])

    @property
    def mood(self) -> str | None:
        """The value that goes back and forth."""
        return self.fields.get("phone")


class Contacts:
    """All contacts in memory, found by id, email or Auth0's user_id."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._by_id: dict[str, Contact] = {}
        self._by_key: dict[tuple[str, str], list[Contact]] = {}

    def get(self, contact_id: str) -> Contact | None:
        """Return the contact, unless there is none."""
        return self._by_id.get(contact_id)

    def find(self, query: Mapping[str, str]) -> list[Contact]:
        """Return the contacts with the one key that *query* names."""
        ((name, value),) = query.items()
        return self._by_key.get((name, value), [])

    def create(self, fields: Mapping[str, Any]) -> Contact:
        """Make a contact, also a second one for the same user."""
        contact = Contact(f"c_{next(self._numbers)}", dict(fields))
        self._by_id[contact.id] = contact
        for key in _keys(contact):
            self._by_key.setdefault(key, []).append(contact)
        return contact

    def delete(self, contact: Contact) -> None:
        """Remove a contact; its id is not given again."""
        for key in _keys(contact):
            self._by_key[key].remove(contact)
        del self._by_id[contact.id]


def _keys(contact: Contact) -> list[tuple[str, str]]:
    names = ("email", "auth0_user_id")
    return [(name, str(contact.fields.get(name))) for name in names]


def sent(fields: Mapping[str, Any]) -> Any:
    """Return the number of the event that *fields* carry, or that they deactivate."""
    if fields.get("status") == DELETED:
        return DELETED
    return int(fields["name"]) if "name" in fields else None
