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
from processors.rest.connection import Connection, FetchRequest, RecordRequest
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

    def of(self, call: Call) -> Request:  # noqa: PLR0911 -- one for each kind of call
        """Return the request for *call*.

        Raises:
            ValueError: It would go somewhere else than below `base_url`.
        """
        requests = self._requests
        match call:
            case Find(value=email):
                query = {
                    name: value.replace("{email}", email)
                    for name, value in requests.find.query.items()
                }
                url = below(self._base_url, requests.find.path, query=query)
                return Request(requests.find.method, url, None)
            case Fetch(record_id=record_id):
                assert requests.fetch is not None  # noqa: S101 -- else none is asked for
                return self._of_record(requests.fetch, record_id)
            case Create(fields=fields):
                url = below(self._base_url, requests.create.path)
                return Request(requests.create.method, url, _json(fields))
            case Update(record_id=record_id, fields=fields):
                return self._of_record(requests.update, record_id, fields)
            case Deactivate(record_id=record_id):
                return self._of_record(requests.deactivate, record_id)
            case Restore(record_id=record_id):
                assert requests.restore is not None  # noqa: S101 -- else none is asked for
                return self._of_record(requests.restore, record_id)
            case Delete(record_id=record_id):
                return self._of_record(requests.delete, record_id)

    def _of_record(
        self,
        request: RecordRequest | FetchRequest,
        record_id: str,
        fields: Mapping[str, Any] | None = None,
    ) -> Request:
        fixed = request.body if isinstance(request, RecordRequest) else None
        body = fields if fixed is None else fixed
        url = below(self._base_url, request.path, record_id)
        return Request(request.method, url, None if body is None else _json(body))


def _json(value: Mapping[str, Any]) -> bytes:
    return msgspec.json.encode(dict(value))
