"""From a call to the request that carries it out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, overload

from processors.correlation.calls import (
    Call,
    Create,
    Deactivate,
    Delete,
    Fetch,
    Find,
    Restore,
    Update,
)
from processors.correlation.rules import Lookup
from processors.rest import tables
from processors.rest.bodies import encoded, placed
from processors.rest.connection import Connection
from processors.rest.templates import filled, in_soql
from processors.rest.url import below, is_plain_id, next_page


@dataclass(frozen=True, slots=True)
class Request:
    """One request, ready to be sent; `asked` is the table that it was built from."""

    asked: tables.Request
    method: str
    url: str
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Requests:
    """Builds the requests of one destination, all below its `base_url`.

    *targets* are the names of the mapped fields, for `{field_names}`.
    """

    def __init__(
        self, connection: Connection, lookup: Lookup, targets: Iterable[str] = ()
    ) -> None:
        self._base_url = str(connection.base_url)
        self._tables = connection.requests
        self._headers = dict(connection.headers)
        self._lookup = lookup
        user_id_field = lookup.user_id_field or ""
        names = dict.fromkeys([*targets, *filter(None, [user_id_field])])
        self._fixed = {
            "user_id_field": user_id_field,
            "field_names": ",".join(names),
        }

    def of(self, call: Call) -> Request:
        """Return the request for *call*.

        Raises:
            ValueError: It would go somewhere else than below `base_url`, or asks for a
                record by what is no id.
        """
        match call:
            case Find():
                return self._search(call, {})
            case Create(fields=fields, intent=intent):
                made = self._built(self._tables.create, {}, fields)
                return self._keyed(made, intent)
            case Update(record_id=record_id, fields=fields):
                return self._built(
                    self._tables.update, self.id_values(record_id), fields
                )
            case _:
                asked = table_of(self._tables, call)
                return self._built(asked, self.id_values(call.record_id))

    def page(self, call: Find, cursor: str) -> Request:
        """Return the request for the next page of a look-up, as its answer named it.

        Raises:
            ValueError: It would go somewhere else than below `base_url`.
        """
        asked = table_of(self._tables, call).next
        assert asked is not None  # noqa: S101 -- else there was no cursor
        if asked.parameter is None:
            return replace(self.of(call), url=next_page(self._base_url, cursor))
        return self._search(call, {asked.parameter: cursor})

    def pages_max(self, call: Find) -> int:
        """Return how many pages of a look-up are read."""
        asked = table_of(self._tables, call).next
        return 1 if asked is None else asked.pages_max

    def _keyed(self, made: Request, intent: str) -> Request:
        """Name the creation, so that the server can tell a repeat from a new one.

        A changed body is another creation: servers refuse it under the same key.
        """
        header = self._tables.create.idempotency_header
        if header is None:
            return made
        key = hashlib.sha256(intent.encode() + b"/" + (made.body or b"")).hexdigest()
        return replace(made, headers={**made.headers, header: key})

    def _search(self, call: Find, more: Mapping[str, str]) -> Request:
        asked = table_of(self._tables, call)
        quoted = in_soql(call.value) if asked.quoting == "soql" else call.value
        values: dict[str, str] = {call.key: quoted}
        if asked.body is None:
            return self._built(asked, values, more_query=more)
        return self._built(asked, values, more)

    def _built(
        self,
        asked: tables.Request,
        values: Mapping[str, str],
        fields: Mapping[str, Any] | None = None,
        more_query: Mapping[str, str] | None = None,
    ) -> Request:
        values = {**self._fixed, **values}
        query = {**filled(asked.query, values), **(more_query or {})}
        url = below(self._base_url, asked.path, values, query)
        fixed = filled(getattr(asked, "body", None), values)
        if fixed is None and fields is None:
            return Request(asked, asked.method, url, None, self._headers)
        at = None if isinstance(asked, tables.Search) else self._tables.fields_at
        body = fixed if fields is None else placed(fields, at, fixed)
        sent, content_type = encoded(body, self._tables.encoding)
        headers = {**self._headers, "content-type": content_type}
        return Request(asked, asked.method, url, sent, headers)

    def id_values(self, record_id: str) -> dict[str, str]:
        """Return what stands for the record in paths and bodies.

        Raises:
            ValueError: It is no id of a record.
        """
        if not is_plain_id(record_id) or not self._lookup.is_id(record_id):
            raise ValueError("the id of the record does not match lookup.id_pattern")
        return {"id": record_id}


@overload
def table_of(asked: tables.Requests, call: Find) -> tables.Search: ...
@overload
def table_of(asked: tables.Requests, call: Call) -> tables.Request: ...
def table_of(asked: tables.Requests, call: Call) -> tables.Request:
    """Return the table that says how *call* is made."""
    found: tables.Request | None
    match call:
        case Find(key="email"):
            found = asked.find
        case Find():
            found = asked.find_by_user_id
        case Fetch():
            found = asked.fetch
        case Create():
            found = asked.create
        case Update():
            found = asked.update
        case Deactivate():
            found = asked.deactivate
        case Restore():
            found = asked.restore
        case Delete():
            found = asked.delete
    # The rules ask only for what the file has a request for.
    assert found is not None, type(call).__name__  # noqa: S101 -- see above
    return found
