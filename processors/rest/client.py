"""Carries out calls over HTTP: one deadline, one size cap, no redirects."""

from __future__ import annotations

import asyncio
import ssl
import time
from dataclasses import dataclass
from typing import Self

import aiohttp

from processors.correlation.calls import Answer, Call
from processors.correlation.rules import Lookup
from processors.delivery.verdict import Rejected, RetryLater, Unavailable
from processors.rest.answers import Reader, classify
from processors.rest.connection import Connection
from processors.rest.connections import Lease, Sent, watched
from processors.rest.leased import LeasedSession
from processors.rest.requests import Requests

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
        self._requests = Requests(connection)
        self._reader = Reader(connection.requests, lookup)
        token = connection.auth.token.get_secret_value()
        headers = {"authorization": f"Bearer {token}", "accept": "application/json"}
        self._session = LeasedSession(lease, headers, verify)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    def drop_connections(self) -> None:
        """Reset every connection, when the lease is lost.

        Calls under way end as a `RetryLater` with `maybe_effect`.
        """
        self._session.drop_connections()

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
        connection = self._connection
        try:
            request = self._requests.of(call)
        except ValueError as error:
            return None, Rejected("bad_external_id", str(error))
        try:
            async with asyncio.timeout(connection.timeout_seconds):
                answer = await self._session.send(*request, connection.answer_bytes_max)
        except (TimeoutError, aiohttp.ClientError) as error:
            if sent.refused:
                raise
            return None, _fault(error, sent)
        status, headers, body = answer
        if body is None:
            return status, RetryLater("bad answer: too long")
        return status, classify(call, status, headers, body, self._reader)


def _fault(error: Exception, sent: Sent) -> RetryLater | Unavailable:
    if isinstance(error, TimeoutError):
        if sent.began:
            return RetryLater("timeout")
        return Unavailable("unreachable", "no connection in time")
    if isinstance(error, aiohttp.ClientConnectorError):
        return Unavailable("unreachable", _why(error))
    return RetryLater(type(error).__name__)


def _why(error: aiohttp.ClientConnectorError) -> str:
    match error:
        case aiohttp.ClientConnectorDNSError():
            return "DNS"
        case aiohttp.ClientSSLError():
            return "TLS"
    refused = isinstance(error.os_error, ConnectionRefusedError)
    return "connection refused" if refused else "no connection"
