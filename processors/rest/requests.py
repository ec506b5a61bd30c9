"""From a call to the request that carries it out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

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
from processors.rest.connection import Connection, RecordRequest
from processors.rest.url import below


class Request(NamedTuple):
    """One request, ready to be sent; a body is JSON."""

    method: str
    url: str
    body: bytes | None


class Requests:
    """Builds the requests of one destination."""

    def __init__(self, connection: Connection) -> None:
        self._base_url = str(connection.base_url)
        self._requests = connection.requests

    def of(self, call: Call) -> Request:  # noqa: PLR0911 -- a request for each call
        """Return the request for *call*.

        Raises:
            ValueError: It would go somewhere else than below `base_url`.
        """
        requests = self._requests
        match call:
            case Find():
                return self._of_search(call)
            case Fetch(record_id=record_id):
                assert requests.fetch is not None  # noqa: S101 -- else none is asked for
                return self._of_record(requests.fetch, record_id, None)
            case Create(fields=fields):
                url = below(self._base_url, requests.create.path)
                return Request(requests.create.method, url, _json(fields))
            case Update(record_id=record_id, fields=fields):
                return self._of_record(requests.update, record_id, fields)
            case Deactivate(record_id=record_id):
                return self._of_record(requests.deactivate, record_id, None)
            case Restore(record_id=record_id):
                assert requests.restore is not None  # noqa: S101 -- else none is asked for
                return self._of_record(requests.restore, record_id, None)
            case Delete(record_id=record_id):
                return self._of_record(requests.delete, record_id, None)

    def _of_search(self, call: Find) -> Request:
        find = self._requests.find
        template = find.query if call.by == "email" else find.user_id_query or {}
        query = {
            name: value.replace(f"{{{call.by}}}", call.value)
            for name, value in template.items()
        }
        url = below(self._base_url, find.path, query=query)
        return Request(find.method, url, None)

    def _of_record(
        self, request: RecordRequest, record_id: str, fields: Mapping[str, Any] | None
    ) -> Request:
        body = fields if request.body is None else request.body
        url = below(self._base_url, request.path, record_id)
        return Request(request.method, url, None if body is None else _json(body))


def _json(value: Mapping[str, Any]) -> bytes:
    return msgspec.json.encode(dict(value))
