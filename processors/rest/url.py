"""Builds the one URL that a request may go to."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, unquote, urlencode

_CLIMBS = (".", "..")


def below(
    base_url: str,
    path: str,
    record_id: str | None = None,
    query: Mapping[str, str] | None = None,
) -> str:
    """Return *base_url* + *path* with `{id}` replaced, percent-encoded.

    Raises:
        ValueError: The URL would leave *base_url* (an id such as `..`).

    >>> below("https://crm.test/v1", "/contacts/{id}", "auth0|1")
    'https://crm.test/v1/contacts/auth0%7C1'
    >>> below("https://crm.test", "/contacts", query={"email": "a+b@example.com"})
    'https://crm.test/contacts?email=a%2Bb%40example.com'
    """
    filled = path
    if record_id is not None:
        # Percent-encoding leaves dots as they are, and they would climb a path.
        if record_id == "" or record_id in _CLIMBS:
            raise ValueError("the URL would leave base_url")
        filled = path.replace("{id}", quote(record_id, safe=""))
    if "//" in filled or _climbs(filled):
        raise ValueError("the URL would leave base_url")
    asked = "?" + urlencode(query, quote_via=quote, safe="") if query else ""
    return base_url.rstrip("/") + filled + asked


def _climbs(path: str) -> bool:
    steps = path.partition("?")[0].split("/")
    return any(unquote(step) in _CLIMBS for step in steps)
