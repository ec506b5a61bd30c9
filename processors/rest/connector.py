"""Connections whose every byte goes through a transport that asks for the lease."""

from __future__ import annotations

import asyncio
import socket
import struct
from asyncio.sslproto import SSLProtocol
from collections.abc import Callable
from contextvars import ContextVar
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

from processors.rest.transport import Lease, LeasedSocket, LeasedTransport

KEEP_ALIVE_SECONDS = 5.0
# Called when a request has its connection and is about to be written.
leaving: ContextVar[Callable[[], None] | None] = ContextVar("leaving", default=None)


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
            inner = LeasedSocket(inner, self._lease)
        self._connection = LeasedTransport(inner, self._lease, self.set_exception)
        self._connections.add(self._connection)
        super().connection_made(self._connection)

    def connection_lost(self, exc: BaseException | None) -> None:
        if self._connection is not None:
            self._connections.discard(self._connection)
        super().connection_lost(exc)


class _Secured(SSLProtocol):
    """TLS whose bytes go through a `LeasedSocket`, in both event loops."""

    lease: Lease

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        inner = cast("asyncio.Transport", transport)
        super().connection_made(LeasedSocket(inner, self.lease))

    @property
    def app_transport(self) -> asyncio.Transport:
        """The transport of what is not encrypted."""
        return cast("asyncio.Transport", self._app_transport)
