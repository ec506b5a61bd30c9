"""Builds the URLs that requests may go to: none of them leaves `base_url`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from urllib.parse import quote, unquote, urlencode, urljoin, urlsplit

from processors.rest.templates import filled

_CLIMBS = (".", "..")
_NEVER_IN_AN_ID = re.compile(r"[/\\?#%\s]")
ID_CHARACTERS_MAX = 512


class LeavesBaseUrl(ValueError):
    """The URL would lie elsewhere; nothing is sent."""

    def __init__(self) -> None:
        super().__init__("the URL would leave base_url")


def below(
    base_url: str,
    path: str,
    values: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
) -> str:
    """Return *base_url* + *path* with *values* in its braces, percent-encoded.

    Raises:
        LeavesBaseUrl: A value such as `..` would lead elsewhere.

    >>> below("https://crm.test/v1", "/contacts/{id}", {"id": "auth0|1"})
    'https://crm.test/v1/contacts/auth0%7C1'
    >>> below("https://crm.test", "/contacts", query={"email": "a+b@example.com"})
    'https://crm.test/contacts?email=a%2Bb%40example.com'
    """
    escaped: str = filled(path, values or {}, lambda value: quote(value, safe=""))
    # Percent-encoding leaves dots as they are, and they would climb a path.
    empty = len(escaped) > 1 and escaped.endswith("/") and not path.endswith("/")
    if "//" in escaped or empty or climbs(escaped):
        raise LeavesBaseUrl
    asked = "?" + urlencode(query, quote_via=quote, safe="") if query else ""
    return base_url.rstrip("/") + escaped + asked


def climbs(path: str) -> bool:
    """Whether a step of *path* leads upwards, also when percent-encoded."""
    if "." not in path and "%2" not in path:  # a dot is %2e
        return False
    return any(unquote(step) in _CLIMBS for step in path.split("/"))


def next_page(base_url: str, link: str) -> str:
    """Return the URL that an answer named, which lies below *base_url*.

    Raises:
        LeavesBaseUrl: It is of another host, or above.
    """
    base = urlsplit(base_url)
    if not link.isascii() or not link.isprintable() or "\\" in link or " " in link:
        raise LeavesBaseUrl
    try:
        found = urlsplit(urljoin(base_url, link))
        same = (found.scheme, found.netloc) == (base.scheme, base.netloc)
    except ValueError:
        raise LeavesBaseUrl from None
    inside = found.path.startswith(base.path.rstrip("/") + "/")
    if not same or not inside or "//" in found.path or climbs(found.path):
        raise LeavesBaseUrl
    return found._replace(fragment="").geturl()


def is_plain_id(text: str) -> bool:
    """Whether *text* holds nothing that a URL or a reader could take for another.

    What `lookup.id_pattern` allows besides does not matter.

    >>> [is_plain_id(text) for text in ("auth0|1", "../x", "%2e", "a\u200fb", "")]
    [True, False, False, False, False]
    """
    if not 0 < len(text) <= ID_CHARACTERS_MAX or text in _CLIMBS:
        return False
    if _NEVER_IN_AN_ID.search(text):
        return False
    return not any(unicodedata.category(c).startswith("C") for c in text)
