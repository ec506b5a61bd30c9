"""Whose email address counts: whoever signs up can claim any."""

from __future__ import annotations

from typing import Any

from events.model import Event
from processors.correlation.rules import Lookup


def trusts(profile: dict[str, Any], user_id: str, lookup: Lookup) -> bool:
    """Whether the profile's address is the user's, as far as Auth0 knows."""
    if lookup.email_trust == "any" or profile.get("email_verified") is True:
        return True
    if not lookup.trusted_connections:
        return False
    return _connection(profile, user_id) in lookup.trusted_connections


def _connection(profile: dict[str, Any], user_id: str) -> object:
    """Return the connection of this login, of all that were merged into it."""
    identities = profile.get("identities")
    for identity in identities if isinstance(identities, list) else ():
        if not isinstance(identity, dict):
            continue
        if f"{identity.get('provider')}|{identity.get('user_id')}" == user_id:
            return identity.get("connection")
    return None


def previous_email(event: Event, lookup: Lookup) -> str | None:
    """Return the address that the user had before, if that one counts, too.

    It must say so itself: an address may be claimed, given up and proved to be nobody's
    while another one, now, is verified.
    """
    email = event.previous.get("email")
    trusted = trusts(event.previous, event.user_id, lookup)
    return email if trusted and isinstance(email, str) and email else None
