"""Reads records and ids out of answers: what they say is data from outside."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from processors.correlation.calls import (
    Answer,
    Call,
    Create,
    Done,
    Fetch,
    Fetched,
    Find,
    Found,
)
from processors.correlation.rules import Lookup
from processors.delivery.verdict import RetryLater
from processors.rest import tables
from processors.rest.requests import table_of
from processors.rest.url import is_plain_id

_NO_JSON = object()


class Page(NamedTuple):
    """The hits of one page of a look-up, and what asks for the next one."""

    found: Found
    next: str


class Heard(NamedTuple):
    """An answer as it came; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Reader:
    """Reads what successful answers say; what cannot be trusted is a failed call."""

    def __init__(self, requests: tables.Requests, lookup: Lookup) -> None:
        self._requests = requests
        self._lookup = lookup

    def read(
        self, call: Call, heard: Heard, *, told_ok: bool = False
    ) -> Answer | Page | RetryLater:
        """Return what a successful answer to *call* says.

        *told_ok*: the file calls it a success, whatever its status and its words.
        """
        asked = table_of(self._requests, call)
        if asked.success and heard.status not in asked.success and not told_ok:
            return RetryLater(f"HTTP {heard.status}: not in success")
        answer = _json(heard.body)
        match call:
            case Find():
                return self._hits(table_of(self._requests, call), call, answer)
            case Fetch():
                return self._fetched(answer)
            case Create():
                return self._created(answer, heard)
            case _:
                if answer is _NO_JSON and heard.body.strip() and not told_ok:
                    return RetryLater("bad answer: no JSON")
                return Done(call.record_id)

    def _fetched(self, answer: Any) -> Fetched | RetryLater:
        record = at(answer, self._requests.fields_at)
        if not isinstance(record, dict):
            return RetryLater("bad answer: no record")
        return Fetched(record)

    def _created(self, answer: Any, heard: Heard) -> Done | RetryLater:
        create = self._requests.create
        if create.id_from == "location":
            path = urlsplit(heard.headers.get("location", "")).path
            record_id = self._id(unquote(path.rstrip("/").rpartition("/")[2]))
        else:
            record_id = self._id(at(answer, create.id))
        if record_id is None:
            return RetryLater("bad answer: no id of the new record")
        return Done(record_id)

    def _hits(
        self, asked: tables.Search, call: Find, answer: Any
    ) -> Found | Page | RetryLater:
        hits = at(answer, asked.items)
        if asked.single:
            hits = [hits] if isinstance(hits, dict) else None
        if not isinstance(hits, list):
            return RetryLater("bad answer: no list of records")
        ids: dict[str, str | None] = {}
        for hit in hits:
            if self._is_meant(asked, call, hit):
                record_id = self._id(at(hit, asked.id))
                if record_id is None:
                    return RetryLater("bad answer: an id does not match id_pattern")
                ids[record_id] = self._owner(hit)
        owners = {one: owner for one, owner in ids.items() if owner is not None}
        return _paged(Found(tuple(ids), owners), asked.next, answer)

    def _is_meant(self, asked: tables.Search, call: Find, hit: Any) -> bool:
        """Whether the hit has exactly the value: servers match parts of one."""
        if not isinstance(asked, tables.FindRequest):
            return self._owner(hit) == call.value
        email = at(at(hit, self._requests.fields_at), asked.email)
        return isinstance(email, str) and _cased(email) == _cased(call.value)

    def _owner(self, hit: Any) -> str | None:
        field = self._lookup.user_id_field
        if field is None:
            return None
        value = at(at(hit, self._requests.fields_at), field)
        return value if isinstance(value, str) and value else None

    def _id(self, value: Any) -> str | None:
        if isinstance(value, bool) or not isinstance(value, str | int):
            return None
        text = str(value)
        return text if is_plain_id(text) and self._lookup.is_id(text) else None


def _paged(
    found: Found, further: tables.Next | None, answer: Any
) -> Found | Page | RetryLater:
    if further is None or (further.only_if and not at(answer, further.only_if)):
        return found
    named = at(answer, further.link or further.cursor)
    if named in (None, ""):
        return found
    if isinstance(named, bool) or not isinstance(named, str | int):
        return RetryLater("bad answer: the next page is no text")
    return Page(found, str(named))


def _cased(email: str) -> bytes:
    # Only ASCII letters: to Unicode, the sign for kelvin is a k and "ß" is "ss", and
    # somebody could own the other address.
    return email.encode(errors="surrogatepass").lower()


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return _NO_JSON


def at(value: Any, path: str | None) -> Any:
    """Return what *value* holds at a dotted path, None where it holds nothing.

    >>> at({"data": [{"id": 1}, {"id": 2}]}, "data.-1.id")
    2
    """
    for step in path.split(".") if path else ():
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.lstrip("-").isdecimal():
            index = int(step)
            value = value[index] if -len(value) <= index < len(value) else None
        else:
            return None
    return value
