"""What a contact is, and which bodies the CRM refuses."""

import re
import secrets
from typing import Any

import msgspec

Contact = dict[str, Any]

TEXT_FIELDS = ("email", "name", "phone", "auth0_user_id")
STATUSES = ("active", "deactivated")
ID_PATTERN = re.compile(r"[A-Za-z0-9_-]{1,64}")


class BadContact(Exception):
    """The body cannot be taken; the text says why, without a value of the body."""


def new_contact(fields: Contact) -> Contact:
    """Return *fields* as a whole contact: active, with an id, unknown fields kept."""
    empty: Contact = dict.fromkeys(TEXT_FIELDS)
    return {"id": f"c_{secrets.token_hex(5)}", **empty, "status": "active"} | fields


def read_fields(body: bytes) -> Contact:
    """Return the fields that a JSON body sends.

    Raises:
        BadContact: The body is no JSON object, or a known field has a wrong type.
    """
    try:
        fields = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadContact("the body is not JSON") from error
    if not isinstance(fields, dict):
        raise BadContact("the body is not a JSON object")
    for name in TEXT_FIELDS:
        if not isinstance(fields.get(name), str | None):
            raise BadContact(f"{name} must be text or null")
    if fields.get("status", "active") not in STATUSES:
        raise BadContact(f"status must be one of {', '.join(STATUSES)}")
    if "id" in fields and not is_contact_id(fields["id"]):
        raise BadContact(f"id must match {ID_PATTERN.pattern}")
    return fields


def is_contact_id(value: object) -> bool:
    """Tell whether *value* may be an id: short text that needs no escaping in a URL."""
    return isinstance(value, str) and ID_PATTERN.fullmatch(value) is not None


def changes_between(before: Contact, after: Contact) -> dict[str, dict[str, Any]]:
    """Return each field whose value differs, with both values.

    >>> changes_between({"name": "A", "phone": "1"}, {"name": "B", "phone": "1"})
    {'name': {'from': 'A', 'to': 'B'}}
    """
    return {
        name: {"from": before.get(name), "to": after.get(name)}
        for name in before | after
        if before.get(name) != after.get(name)
    }
