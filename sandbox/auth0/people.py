"""Invented users, with profiles in the shape that Auth0's events have.

Shapes after https://auth0.com/docs/customize/events; every address is of example.com
and every number of the range kept free for fiction.
"""

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sandbox.auth0.rfc3339 import rfc3339

GIVEN_NAMES = (
    *("Ada", "Bruno", "Chidi", "Dana", "Elif", "Farid", "Greta", "Hugo", "Inês"),
    *("Jörg", "Kenji", "Leïla", "Mateo", "Nadia", "Oskar", "Priya", "Søren", "Zoë"),
)
FAMILY_NAMES = (
    *("Abara", "Bauer", "Costa", "Demir", "Eriksen", "Fontaine", "García", "Haddad"),
    *("Ito", "Jensen", "Kowalski", "Lindqvist", "Moreau", "Novák", "Okafor", "Weiß"),
)
PLANS = ("free", "starter", "pro", "business")
LANGUAGES = ("de", "en", "es", "fr", "ja", "pt")
CONNECTIONS = (
    ("auth0", "Username-Password-Authentication", False),
    ("auth0", "Username-Password-Authentication", False),
    ("auth0", "Username-Password-Authentication", False),
    ("google-oauth2", "google-oauth2", True),
    ("samlp", "example-workforce", False),
)
VERIFIED_SHARE = 0.8
RESOLUTION = timedelta(milliseconds=1)


@dataclass
class Person:
    """One user of the invented tenant, as it is now."""

    user_id: str
    profile: dict[str, Any]
    # Captured events came 2 to 47 ms after the change that they tell of. One lag per
    # user keeps both times growing from event to event.
    lag: timedelta
    last_time: datetime | None = field(default=None)

    @classmethod
    def born(cls, number: int, dice: random.Random, now: datetime) -> "Person":
        """Return the user of that number, who is created *now*."""
        lag = timedelta(milliseconds=dice.randrange(2, 48))
        stamp = rfc3339(now - lag)
        provider, connection, social = dice.choice(CONNECTIONS)
        given, family = dice.choice(GIVEN_NAMES), dice.choice(FAMILY_NAMES)
        email = f"user.{number}@example.com"
        own_id = _own_id(provider, connection, email, dice)
        names = names_of(given, family)
        contact = {
            "email": email,
            "email_verified": dice.random() < VERIFIED_SHARE,
            "phone_number": phone_number(dice),
            "phone_verified": False,
        }
        identity = {
            "provider": provider,
            "isSocial": social,
            "connection": connection,
            "user_id": own_id,
            "profileData": contact | names,
        }
        user_id = f"{provider}|{own_id}"
        profile = {
            "user_id": user_id,
            **contact,
            "username": f"user{number}",
            "created_at": stamp,
            "updated_at": stamp,
            "identities": [identity],
            **names,
            "nickname": given,
            **_remaining_fields(stamp, dice),
        }
        return cls(user_id, profile, lag)

    def tick(self, now: datetime) -> tuple[str, str]:
        """Return an event's `time` and its `updated_at`, each after all before."""
        if self.last_time is not None:
            now = max(now, self.last_time + RESOLUTION)
        self.last_time = now
        return rfc3339(now), rfc3339(now - self.lag)

    def change(self, dice: random.Random) -> dict[str, Any]:
        """Change something about the user and return the fields that changed."""
        match dice.randrange(5):
            case 0:
                given, family = dice.choice(GIVEN_NAMES), dice.choice(FAMILY_NAMES)
                changed: dict[str, Any] = dict(names_of(given, family))
            case 1:
                changed = {"phone_number": phone_number(dice)}
            case 2:
                mailbox = self.profile["email"].partition("@")[0].partition("+")[0]
                address = f"{mailbox}+{dice.randrange(1000)}@example.com"
                changed = {"email": address, "email_verified": False}
            case 3:
                changed = {"app_metadata": {"plan": dice.choice(PLANS)}}
            case _:
                changed = {"logins_count": self.profile["logins_count"] + 1}
        self.profile |= changed
        return changed


def phone_number(dice: random.Random) -> str:
    """Return a number of the range 555-0100 to 555-0199, kept free for fiction."""
    return f"+1{dice.randrange(201, 990)}55501{dice.randrange(100):02d}"


def names_of(given: str, family: str) -> dict[str, str]:
    """Return the three fields that hold a name."""
    return {
        "name": f"{given} {family}",
        "given_name": given,
        "family_name": family,
    }


def _remaining_fields(stamp: str, dice: random.Random) -> dict[str, Any]:
    picture = f"https://www.example.com/avatars/{dice.getrandbits(128):032x}.png"
    return {
        "app_metadata": {"plan": dice.choice(PLANS)},
        "user_metadata": {"language": dice.choice(LANGUAGES)},
        "picture": picture,
        "multifactor": [],
        "last_ip": f"192.0.2.{dice.randrange(1, 255)}",
        "last_login": stamp,
        "logins_count": 1,
        "blocked": False,
    }


def _own_id(provider: str, connection: str, email: str, dice: random.Random) -> str:
    match provider:
        case "google-oauth2":
            return f"1{dice.randrange(10**20):020d}"
        case "samlp":
            return f"{connection}|{email}"
        case _:
            return f"{dice.getrandbits(96):024x}"
