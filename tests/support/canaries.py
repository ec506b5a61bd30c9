"""People whose every value can be found again, wherever it leaks to."""

from __future__ import annotations

import hashlib
import re
from typing import Any

# In each name, address, id, token and note of these people.
WORD = "kanari"
PHONE = "+4915112345678"
ADDRESS = "198.51.100.77"
PLAIN = (WORD, PHONE.lstrip("+"), ADDRESS)
OF_EMAIL = "email|{}@kanari.example"
OF_COMPANY = "samlp|kanari-corp|{}@kanari.example"
DIGITS = 12  # so much of a hash that anybody could make gives its source away


def person(name: str, **changes: Any) -> dict[str, Any]:
    """Return a profile as Auth0 has it, with secrets that nobody should put there."""
    return {
        "email": email(name),
        "email_verified": True,
        "name": f"{name} Kanarienvogel",
        "given_name": f"Kanari-{name}",
        "family_name": "Kanarienvogel",
        "nickname": f"kanari.{name}",
        "username": f"kanari_{name}",
        "phone_number": PHONE,
        "picture": "https://cdn.kanari.example/face.png?sig=KanariSig77",
        "last_ip": ADDRESS,
        "user_metadata": {"note": "likes kanari seed", "birthday": "Kanari 1984"},
        "app_metadata": {"api_key": "sk_live_KanariKey77", "password": "Kanari!2026"},
        "password_hash": "$2b$10$KanariKanariKanariKanari",
        **changes,
    }


def email(name: str) -> str:
    return f"{name}@kanari.example"


def leaks(text: bytes, users: set[str], secrets: tuple[str, ...]) -> list[str]:
    """Return what of *users* (their ids) or *secrets* can be read in *text*.

    A hash without a key counts: whoever guesses the address can make it, too.
    """
    shown = text.decode(errors="replace").casefold()
    guessed = {h for user in users for h in hashes(user) | hashes(email_of(user))}
    sought = {*PLAIN, *guessed, *(secret.casefold() for secret in secrets)}
    return sorted(_around(shown, word) for word in sought if word in shown)


def email_of(user_id: str) -> str:
    return user_id.rpartition("|")[2]


def hashes(text: str) -> set[str]:
    """Return the beginnings of what common hashes make of *text*."""
    made = (hashlib.new(name, text.encode()) for name in ("md5", "sha1", "sha256"))
    return {one.hexdigest()[:DIGITS] for one in made}


def _around(text: str, word: str) -> str:
    found = re.search(f".{{0,80}}{re.escape(word)}.{{0,40}}", text)
    return found[0] if found else word
