"""Connections that ask for the lease at the last step before the socket.

Between "may I call?" and the socket aiohttp waits for a connection and, for a body, for
a task of its own. A worker frozen in between would send when it wakes, long after
another has taken over; so each write asks.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import (
    AsyncIterable,
    AsyncIterator,
    Callable,
    Iterable,
    Iterator,
    Mapping,
)
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, cast

import httpx
from aiohttp import (
    AddrInfoType,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    TCPConnector,
)
from aiohttp.client_proto import ResponseHandler
from yarl import URL

Lease = Callable[[], bool]
# After a write of more than 64 KiB aiohttp waits for the network; a piece is more.
PIECE_BYTES = 131_072
KEEP_ALIVE_SECONDS = 5.0


class LeaseLost(Exception):
    """This worker may not call any more: nothing more of the request has left.

    `maybe_effect` is True where a part of it, or a first try, had left before.
    """

    def __init__(self, *, maybe_effect: bool) -> None:
        super().__init__("the lease was lost")
        self.maybe_effect = maybe_effect


@dataclass(slots=True)
class Sent:
    """What became of a request's bytes: some were sent, some were refused."""

    began: bool = False
    refused: bool = False


_sent: ContextVar[Sent | None] = ContextVar("sent", default=None)


@contextmanager
def watched() -> Iterator[Sent]:
    """Watch the one request made inside; its error is `LeaseLost` where that is why."""
    sent = Sent()
    token = _sent.set(sent)
    try:
        yield sent
    except Exception as error:
        if sent.refused:
            raise LeaseLost(maybe_effect=sent.began) from error
        raise
    finally:
        _sent.reset(token)


class Answer(NamedTuple):
    """An answer; header names in lower case, no body where it was too long."""

    status: int
    headers: dict[str, str]
    body: bytes | None


class LeasedSession:
    """Sends requests only while `lease()` is true; use it inside `watched`.

    Every write of every request asks, on new and on kept connections, with TLS before
    the encryption. When the lease is lost nothing is written and the connection is
    reset. A request of which a part had left is cut: bodies longer than `PIECE_BYTES`
    go in pieces, each asks. Only what the event loop or the kernel had taken over by
    then may still follow (of a long body at most two pieces).
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
        self._open: set[_Connection] = set()
        self._session: ClientSession | None = None

    async def send(
        self,
        method: str,
        url: str,
        body: bytes | AsyncIterable[bytes] | None,
        answer_bytes_max: int,
    ) -> Answer:
        """Send one request, and return its answer; redirects are not followed."""
        session = self._session or self._opened()
        headers = {"content-type": "application/json"} if body is not None else {}
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
            connector=_Connector(self._lease, self._open, self._tls),
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


class _Connector(TCPConnector):
    def __init__(
        self, lease: Lease, connections: set[_Connection], tls: ssl.SSLContext
    ) -> None:
        # No limit of its own: waiting for a place would look like waiting to connect.
        super().__init__(
            ssl=tls,
            limit=0,
            keepalive_timeout=KEEP_ALIVE_SECONDS,
            socket_factory=_resetting,
        )
        protocol: Callable[[], ResponseHandler]
        protocol = partial(_Protocol, self._loop, lease, connections)
        self._factory = cast("partial[ResponseHandler]", protocol)


def _resetting(address: AddrInfoType) -> socket.socket:
    """Return a socket that forgets what it has not yet sent when it is closed.

    Else the kernel would go on sending a request long after its deadline.
    """
    made = socket.socket(*address[:3])
    made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return made


class _Protocol(ResponseHandler):
    """aiohttp's protocol; what it writes goes through a `_Connection`."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        lease: Lease,
        connections: set[_Connection],
    ) -> None:
        super().__init__(loop)
        self._lease, self._connections = lease, connections
        self._connection: _Connection | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        inner = cast("asyncio.Transport", transport)
        self._connection = _Connection(inner, self._lease, self.set_exception)
        self._connections.add(self._connection)
        super().connection_made(self._connection)

    def connection_lost(self, exc: BaseException | None) -> None:
        if self._connection is not None:
            self._connections.discard(self._connection)
        super().connection_lost(exc)


class _Connection(asyncio.Transport):
    """A transport whose writes ask for the lease.

    Has only what aiohttp's client needs: nothing else can lead around `write`.
    """

    def __init__(
        self,
        inner: asyncio.Transport,
        lease: Lease,
        refuse: Callable[[Exception], None],
    ) -> None:
        super().__init__()
        self._inner, self._lease, self._refuse = inner, lease, refuse

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self._may_write():
            self._inner.write(data)

    def writelines(
        self, list_of_data: Iterable[bytes | bytearray | memoryview]
    ) -> None:
        if self._may_write():
            self._inner.writelines(list_of_data)

    def _may_write(self) -> bool:
        sent = _sent.get() or Sent()
        held = self._lease()
        if held:
            sent.began = True
        else:
            sent.refused = True
            # Told to the one who waits for the answer: from here it would only pass
            # through a task of aiohttp, which nobody asks in every case.
            self._refuse(LeaseLost(maybe_effect=sent.began))
            self._inner.abort()
        return held

    def abort(self) -> None:
        self._inner.abort()

    # A connection is closed when idle, or when nobody waits for its answer any more:
    # then what it still holds of a request must not leave.
    close = abort

    def is_closing(self) -> bool:
        return self._inner.is_closing()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._inner.get_extra_info(name, default)

    def get_write_buffer_size(self) -> int:
        return self._inner.get_write_buffer_size()

    def pause_reading(self) -> None:
        self._inner.pause_reading()

    def resume_reading(self) -> None:
        self._inner.resume_reading()
