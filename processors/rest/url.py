"""Builds the one URL that a request may go to."""

from __future__ import annotations

from urllib.parse import quote

import httpx


def below(base_url: str, path: str, record_id: str | None = None) -> httpx.URL:
    """Return *base_url* + *path* with `{id}` replaced, percent-encoded.

    Raises:
        ValueError: The URL would leave *base_url* (an id such as `..`).

    >>> str(below("https://crm.test/v1", "/contacts/{id}", "auth0|1"))
    'https://crm.test/v1/contacts/auth0%7C1'
    """
    base = httpx.URL(base_url.rstrip("/") + "/")
    filled = path.lstrip("/")
    if record_id is not None:
        # Percent-encoding leaves dots as they are, and they would climb a path.
        if record_id in ("", ".", ".."):
            raise ValueError("the URL would leave base_url")
        filled = filled.replace("{id}", quote(record_id, safe=""))
    url = base.join(filled)
    same = (url.scheme, url.host, url.port) == (base.scheme, base.host, base.port)
    if not same or not url.raw_path.startswith(base.raw_path) or "//" in filled:
        raise ValueError("the URL would leave base_url")
    return url
