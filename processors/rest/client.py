"""Carries out calls over HTTP: one deadline, one size cap, no redirects."""

from __future__ import annotations

import asyncio
import ssl
import time
from dataclasses import dataclass
from typing import Any, Self

import aiohttp
import httpx

from processors.correlation.calls import (
    Answer,
    Call,
    Create,
    Deactivate,
    Delete,
    Find,
    Restore,
    Update,
)
from processors.correlation.rules import Lookup
from processors.delivery.verdict import Rejected, RetryLater, Unavailable
from processors.rest.answers import Reader, classify
from processors.rest.connection import Connection, RecordRequest
from processors.rest.leased import Lease, LeasedTransport, Sent, watched
from processors.rest.url import below

Meaning = Answer | RetryLater | Rejected | Unavailable


@dataclass(frozen=True)
class Response:
    """What a call came to: its meaning, and what the log may say of it.

    Unless `maybe_effect`, nothing of the request has left for the destination.
    """

    meaning: Meaning
    operation: str
    status: int | None
    seconds: float
    maybe_effect: bool


class RestClient:
    """The only place from which requests leave for the destination.

    None leaves unless `lease()` is true when it is written to its connection.
    """

    def __init__(
        self,
        connection: Connection,
        lookup: Lookup,
        lease: Lease,
        *,
        verify: ssl.SSLContext | bool = True,
    ) -> None:
        self._connection = connection
        self._reader = Reader(connection.requests, lookup)
        token = connection.auth.token.get_secret_value()
        self._transport = LeasedTransport(lease, verify)
        self._http = httpx.AsyncClient(
            transport=self._transport,
            headers={"authorization": f"Bearer {token}", "accept": "application/json"},
            timeout=None,  # noqa: S113 -- `call` bounds the whole of it
            follow_redirects=False,
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    def drop_connections(self) -> None:
        """Reset every connection, when the lease is lost.

        Calls under way end as a `RetryLater` with `maybe_effect`.
        """
        self._transport.drop_connections()

    async def call(self, call: Call) -> Response:
        """Carry out *call* once; a fault of network or server is a meaning.

        `Unavailable` where no connection came about, `RetryLater` where an answer was
        lost; then the call may have taken effect.

        Raises:
            LeaseLost: The request was not sent, or cut.
        """
        started = time.monotonic()
        with watched() as sent:
            status, meaning = await self._made(call, sent)
        seconds = time.monotonic() - started
        operation = type(call).__name__.lower()
        return Response(meaning, operation, status, seconds, sent.began)

    async def _made(self, call: Call, sent: Sent) -> tuple[int | None, Meaning]:
        try:
            request = self._request(call)
        except ValueError as error:
            return None, Rejected("bad_external_id", str(error))
        try:
            async with asyncio.timeout(self._connection.timeout_seconds):
                status, headers, body = await self._answer(request)
        except (TimeoutError, httpx.HTTPError, aiohttp.ClientError) as error:
            if sent.refused:
                raise
            return None, _fault(error, sent)
        if body is None:
            return status, RetryLater("bad answer: too long")
        return status, classify(call, status, headers, body, self._reader)

    async def _answer(
        self, request: httpx.Request
    ) -> tuple[int, dict[str, str], bytes | None]:
        response = await self._http.send(request, stream=True)
        try:
            body = await self._body(response)
        finally:
            await response.aclose()
        headers = {name.lower(): value for name, value in response.headers.items()}
        return response.status_code, headers, body

    async def _body(self, response: httpx.Response) -> bytes | None:
        """Return the answer's body, or None when it is longer than allowed."""
        body = bytearray()
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > self._connection.answer_bytes_max:
                return None
        return bytes(body)

    def _request(self, call: Call) -> httpx.Request:
        requests = self._connection.requests
        match call:
            case Find(email=email):
                query = {
                    name: value.replace("{email}", email)
                    for name, value in requests.find.query.items()
                }
                url = self._url(requests.find.path)
                return self._http.build_request(requests.find.method, url, params=query)
            case Create(fields=fields):
                url = self._url(requests.create.path)
                return self._http.build_request(
                    requests.create.method, url, json=dict(fields)
                )
            case Update(record_id=record_id, fields=fields):
                return self._of_record(requests.update, record_id, dict(fields))
            case Deactivate(record_id=record_id):
                return self._of_record(requests.deactivate, record_id, None)
            case Restore(record_id=record_id):
                assert requests.restore is not None  # noqa: S101 -- else none is asked for
                return self._of_record(requests.restore, record_id, None)
            case Delete(record_id=record_id):
                return self._of_record(requests.delete, record_id, None)

    def _of_record(
        self, request: RecordRequest, record_id: str, fields: dict[str, Any] | None
    ) -> httpx.Request:
        body = fields if request.body is None else request.body
        url = self._url(request.path, record_id)
        return self._http.build_request(request.method, url, json=body)

    def _url(self, path: str, record_id: str | None = None) -> httpx.URL:
        return below(str(self._connection.base_url), path, record_id)


def _fault(error: Exception, sent: Sent) -> RetryLater | Unavailable:
    if isinstance(error, TimeoutError):
        if sent.began:
            return RetryLater("timeout")
        return Unavailable("unreachable", "no connection in time")
    cause = error.__cause__ or error  # httpx's name for it is often a wrong one
    if isinstance(cause, aiohttp.ClientConnectorError):
        return Unavailable("unreachable", _why(cause))
    return RetryLater(type(cause).__name__)


def _why(error: aiohttp.ClientConnectorError) -> str:
    match error:
        case aiohttp.ClientConnectorDNSError():
            return "DNS"
        case aiohttp.ClientSSLError():
            return "TLS"
    refused = isinstance(error.os_error, ConnectionRefusedError)
    return "connection refused" if refused else "no connection"
