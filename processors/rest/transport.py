"""Connections that ask for the lease at the last step before the socket.

Between "may I call?" and the socket aiohttp waits for a connection and, for a body, for
a task of its own; TLS encrypts, and uvloop sends at the end of its turn. A worker that
is frozen in between would send when it wakes, long after another has taken over. So
each write asks, asks again below TLS, and goes to the socket at once.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from asyncio.sslproto import SSLProtocol
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from ssl import CertificateError, SSLContext, SSLError
from typing import Any, cast

from aiohttp import (
    AddrInfoType,
    ClientConnectorCertificateError,
    ClientConnectorError,
    ClientConnectorSSLError,
    ClientRequest,
    ClientTimeout,
    TCPConnector,
)
from aiohttp.client_proto import ResponseHandler
from aiohttp.client_reqrep import ConnectionKey
from aiohttp.connector import Connection
from aiohttp.tracing import Trace

Lease = Callable[[], bool]
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
# Called when a request has its connection and is about to be written.
leaving: ContextVar[Callable[[], None] | None] = ContextVar("leaving", default=None)


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


class Connector(TCPConnector):
    """Makes connections that write only while *lease* holds; notes which are open."""

    def __init__(
        self, lease: Lease, connections: set[LeasedTransport], tls: SSLContext
    ) -> None:
        # No limit of its own: waiting for a place would look like waiting to connect.
        super().__init__(
            ssl=tls,
            limit=0,
            keepalive_timeout=KEEP_ALIVE_SECONDS,
            socket_factory=_resetting,
        )
        self._lease = lease
        protocol: Callable[[], ResponseHandler]
        protocol = partial(_Protocol, self._loop, lease, connections)
        self._factory = cast("partial[ResponseHandler]", protocol)

    async def connect(
        self,
        req: ClientRequest,
        traces: list[Trace],
        timeout: ClientTimeout,  # noqa: ASYNC109 -- aiohttp's own signature
    ) -> Connection:
        """Return a connection, kept or new, and say so to who watches."""
        connection = await super().connect(req, traces, timeout)
        told = leaving.get()
        if told is not None:
            told()
        return connection

    async def _wrap_create_connection(
        self,
        *args: Any,
        ssl: SSLContext | None = None,
        server_hostname: str | None = None,
        **kwargs: Any,
    ) -> tuple[asyncio.Transport, ResponseHandler]:
        """Connect; TLS is spoken here, where its bytes can be asked about."""
        if ssl is None:
            return await super()._wrap_create_connection(*args, **kwargs)
        factory: Callable[[], ResponseHandler] = args[0]
        ready: asyncio.Future[None] = self._loop.create_future()
        app = factory()
        secured = _Secured(self._loop, app, ssl, ready, server_hostname=server_hostname)
        secured.lease = self._lease
        transport, _ = await super()._wrap_create_connection(lambda: secured, **kwargs)
        try:
            await ready
        except BaseException as error:  # noqa: BLE001 -- a cancelled one, too
            transport.abort()
            raise _named(error, kwargs["req"].connection_key) from None
        return secured.app_transport, app


def _named(error: BaseException, key: ConnectionKey) -> BaseException:
    """Return aiohttp's name for what ended a handshake."""
    match error:
        case CertificateError():
            return ClientConnectorCertificateError(key, error)
        case SSLError():
            return ClientConnectorSSLError(key, error)
        case OSError():
            return ClientConnectorError(key, error)
    return error


def _resetting(address: AddrInfoType) -> socket.socket:
    """Return a socket that forgets what it has not yet sent when it is closed.

    Else the kernel would go on sending a request long after its deadline.
    """
    made = socket.socket(*address[:3])
    made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return made


class _Protocol(ResponseHandler):
    """aiohttp's protocol; what it writes goes through a `LeasedTransport`."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        lease: Lease,
        connections: set[LeasedTransport],
    ) -> None:
        super().__init__(loop)
        self._lease, self._connections = lease, connections
        self._connection: LeasedTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        inner = cast("asyncio.Transport", transport)
        if inner.get_extra_info("sslcontext") is None:
            inner = _Socket(inner, self._lease)
        self._connection = LeasedTransport(inner, self._lease, self.set_exception)
        self._connections.add(self._connection)
        super().connection_made(self._connection)

    def connection_lost(self, exc: BaseException | None) -> None:
        if self._connection is not None:
            self._connections.discard(self._connection)
        super().connection_lost(exc)


class _Secured(SSLProtocol):
    """TLS whose bytes go through a `_Socket`, in both event loops."""

    lease: Lease

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        inner = cast("asyncio.Transport", transport)
        super().connection_made(_Socket(inner, self.lease))

    @property
    def app_transport(self) -> asyncio.Transport:
        """The transport of what is not encrypted."""
        return cast("asyncio.Transport", self._app_transport)


class _Outer(asyncio.Transport):
    """A transport before another.

    Has only what aiohttp's client and TLS need: nothing else can lead around `write`.
    """

    def __init__(self, inner: asyncio.Transport, lease: Lease) -> None:
        super().__init__()
        self._inner, self._lease = inner, lease

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


class _Socket(_Outer):
    """Asks for the lease, then writes to the socket itself; the loop gets the rest."""

    def __init__(self, inner: asyncio.Transport, lease: Lease) -> None:
        super().__init__(inner, lease)
        self._descriptor: int = inner.get_extra_info("socket").fileno()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self._inner.is_closing():
            return
        waiting, written = self._inner.get_write_buffer_size(), 0
        # Nothing is between the question and the kernel but the call itself. It gives
        # the interpreter's lock away: a freeze in it still lets this one write out.
        if not self._lease():
            self._refuse()
            return
        if not waiting:
            try:
                written = os.write(self._descriptor, data)
            except OSError:
                written = 0  # the loop meets it at its own try, and tells
        if written < len(data):
            self._inner.write(memoryview(data)[written:])

    def _refuse(self) -> None:
        sent = _sent.get()
        if sent is not None:
            sent.refused = True
        # Not at once: uvloop would leak a socket that is aborted while it connects.
        asyncio.get_running_loop().call_soon(self._inner.abort)

    def _force_close(self, _: BaseException | None) -> None:
        """Abort, as TLS calls it."""
        self._inner.abort()


class LeasedTransport(_Outer):
    """What aiohttp writes to: asks for the lease, and notes what became of it."""

    def __init__(
        self,
        inner: asyncio.Transport,
        lease: Lease,
        refuse: Callable[[Exception], None],
    ) -> None:
        super().__init__(inner, lease)
        self._refuse = refuse

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Write while the lease holds; else abort, and tell who waits."""
        if self._may_write():
            self._inner.write(data)

    def writelines(
        self, list_of_data: Iterable[bytes | bytearray | memoryview]
    ) -> None:
        """Write all of it, or nothing."""
        if self._may_write():
            # One write: nothing can come between its parts.
            self._inner.write(b"".join(list_of_data))

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
