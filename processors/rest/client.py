"""Carries out calls over HTTP: one deadline, one size cap, no redirects."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Iterable
from functools import partial
from typing import NamedTuple, Protocol, Self

import aiohttp

from processors.correlation.calls import Call, Find, Found
from processors.correlation.rules import Lookup
from processors.delivery.verdict import Rejected, RetryLater, Unavailable
from processors.rest.answers import Classifier, Meaning
from processors.rest.auth import ClientCredentials
from processors.rest.connection import Connection
from processors.rest.connector import leaving
from processors.rest.credentials import Credentials, Fixed, Headers
from processors.rest.leased import LeasedSession
from processors.rest.reading import Heard, Page, Reader
from processors.rest.requests import Request, Requests
from processors.rest.tokens import NoToken, Tokens
from processors.rest.transport import Lease, Sent, watched


class Pace(Protocol):
    """Says when the next request may leave."""

    async def wait(self, operation: str) -> object:
        """Return when one more request may leave."""

    def left_late(self, operation: str, seconds: float) -> None:
        """Take note that a request left so long after it was let go."""

    def hold(self, seconds: float) -> None:
        """Let none leave for so long: an answer said that no call is left."""


class AtOnce:
    """Lets every request leave at once."""

    async def wait(self, operation: str) -> object:
        """Return at once."""

    def left_late(self, operation: str, seconds: float) -> None:
        """Do nothing."""

    def hold(self, seconds: float) -> None:
        """Do nothing."""


AT_ONCE = AtOnce()


class Response(NamedTuple):
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
        targets: Iterable[str] = (),
        pace: Pace = AT_ONCE,
        verify: ssl.SSLContext | bool = True,
    ) -> None:
        """Take the names of the mapped fields as *targets*.

        *pace* is asked before each request of a call but the first, and before one
        for a token, where the destination itself gives it.
        """
        self._connection = connection
        self._requests = Requests(connection, lookup, targets)
        reader = Reader(connection.requests, lookup)
        dialects = connection.limits.headers
        self._classifier = Classifier(reader, connection.errors, dialects)
        self._pace = pace
        self._session = LeasedSession(lease, {"accept": "application/json"}, verify)
        auth, base_url = connection.auth, str(connection.base_url)
        self._credentials: Credentials = (
            Tokens(auth, base_url, self._session, partial(pace.wait, "token"))
            if isinstance(auth, ClientCredentials)
            else Fixed(auth)
        )

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
        operation = operation_of(call)
        self._let_go(operation)
        with watched() as sent:
            status, meaning = await self._made(call, sent)
        seconds = time.monotonic() - started
        return Response(meaning, operation, status, seconds, sent.began)

    def _let_go(self, operation: str) -> None:
        """Watch how long after this moment the next request of this task leaves."""
        let_go_at = time.monotonic()
        leaving.set(
            lambda: self._pace.left_late(operation, time.monotonic() - let_go_at)
        )

    async def _next_is_let_go(self, call: Call) -> None:
        await self._pace.wait(operation_of(call))
        self._let_go(operation_of(call))

    async def _made(self, call: Call, sent: Sent) -> tuple[int | None, Meaning]:
        try:
            request = self._requests.of(call)
        except ValueError as error:
            return None, Rejected("bad_external_id", str(error))
        try:
            async with asyncio.timeout(self._connection.timeout_seconds):
                if isinstance(call, Find):
                    return await self._looked_up(call, request)
                status, meaning = await self._answered(call, request)
                assert not isinstance(meaning, Page)  # noqa: S101 -- of a Find only
                return status, meaning
        except NoToken as error:
            return None, error.meaning
        except (TimeoutError, aiohttp.ClientError) as error:
            if sent.refused:
                raise
            return None, _fault(error, sent)

    async def _looked_up(
        self, call: Find, request: Request
    ) -> tuple[int | None, Meaning]:
        """Follow the pages, and put their hits together."""
        ids: dict[str, None] = {}
        owners: dict[str, str] = {}
        pages = 0
        while True:
            status, meaning = await self._answered(call, request)
            found = meaning.found if isinstance(meaning, Page) else meaning
            if not isinstance(found, Found):
                return status, found
            ids |= dict.fromkeys(found.record_ids)
            owners |= found.owners
            if not isinstance(meaning, Page):
                return status, Found(tuple(ids), owners)
            pages += 1
            if pages >= self._requests.pages_max(call):
                return status, RetryLater("bad answer: too many pages")
            try:
                request = self._requests.page(call, meaning.next)
            except ValueError as error:
                return status, RetryLater(f"bad answer: {error}")
            await self._next_is_let_go(call)

    async def _answered(
        self, call: Call, request: Request
    ) -> tuple[int, Meaning | Page]:
        """Send *request*; once more with new credentials where they are refused."""
        credentials: Headers | None = await self._credentials.headers()
        status, meaning = await self._sent(call, request, credentials or {})
        if isinstance(meaning, Unavailable) and meaning.cause == "auth":
            credentials = await self._credentials.instead_of(credentials or {})
            if credentials is not None:
                await self._next_is_let_go(call)
                status, meaning = await self._sent(call, request, credentials)
        return status, meaning

    async def _sent(
        self, call: Call, request: Request, credentials: Headers
    ) -> tuple[int, Meaning | Page]:
        status, headers, body = await self._session.send(
            request.method,
            request.url,
            request.body,
            self._connection.answer_bytes_max,
            {**request.headers, **credentials},
        )
        heard = Heard(status, headers, body or b"")
        used_up_seconds = self._classifier.used_up_seconds(heard)
        if used_up_seconds is not None:
            self._pace.hold(used_up_seconds)
        if body is None:
            return status, RetryLater("bad answer: too long")
        return status, self._classifier.meaning(call, heard)


def operation_of(call: Call) -> str:
    """Return the name of the kind of call, as metrics and limits have it."""
    return type(call).__name__.lower()


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
