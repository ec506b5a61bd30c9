"""A session of HTTP requests that are sent only while the lease holds."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from typing import NamedTuple

import httpx
from aiohttp import ClientResponse, ClientSession, ClientTimeout, DummyCookieJar
from yarl import URL

from processors.rest.connector import Connector
from processors.rest.transport import Lease, LeasedTransport

# After a write of more than 64 KiB aiohttp waits for the network; a piece is more.
PIECE_BYTES = 131_072


class Answer(NamedTuple):
    """An answer; header names in lower case, no body where it was too long."""

    status: int
    headers: dict[str, str]
    body: bytes | None


class LeasedSession:
    """Sends requests only while `lease()` is true; use it inside `watched`.

    Every write of every request asks, on new and on kept connections. When the lease is
    lost nothing is written and the connection is reset. A request of which a part had
    left is cut: bodies longer than `PIECE_BYTES` go in pieces, each asks. Only what the
    kernel, or for a slow reader the event loop, had taken over by then may still follow
    (of a long body at most two pieces).
    """

    def __init__(
        self,
        lease: Lease,
        headers: Mapping[str, str],
        verify: ssl.SSLContext | bool = True,  # noqa: FBT001, FBT002 -- as httpx has it
    ) -> None:
        self._lease = lease
        self._headers = headers
        self._tls = httpx.create_ssl_context(verify=verify, trust_env=False)
        self._open: set[LeasedTransport] = set()
        self._session: ClientSession | None = None

    async def send(
        self,
        method: str,
        url: str,
        body: bytes | AsyncIterable[bytes] | None,
        answer_bytes_max: int,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one request, and return its answer; redirects are not followed."""
        session = self._session or self._opened()
        headers = dict(headers or {})
        data: bytes | AsyncIterable[bytes] | None = body
        if isinstance(body, bytes) and len(body) > PIECE_BYTES:
            # The header has the length of the whole: the body is not chunked.
            headers["content-length"] = str(len(body))
            data = _pieces(body)
        asked = session.request(
            method,
            URL(url, encoded=True),
            data=data,
            headers=headers,
            allow_redirects=False,
        )
        async with asked as response:
            found = await _read(response, answer_bytes_max)
            names = {name.lower(): v for name, v in response.headers.items()}
            return Answer(response.status, names, found)

    def _opened(self) -> ClientSession:
        # No deadline here: the caller has one for the whole of a call.
        self._session = ClientSession(
            connector=Connector(self._lease, self._open, self._tls),
            headers=self._headers,
            cookie_jar=DummyCookieJar(),
            timeout=ClientTimeout(),
        )
        return self._session

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()

    def drop_connections(self) -> None:
        """Reset every connection; calls under way end without an answer."""
        for connection in list(self._open):
            connection.abort()


async def _read(response: ClientResponse, bytes_max: int) -> bytes | None:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > bytes_max:
            return None
    return bytes(body)


async def _pieces(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), PIECE_BYTES):
        yield body[start : start + PIECE_BYTES]
