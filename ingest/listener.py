"""Listens for webhook requests, and stops without leaving one unanswered."""

from __future__ import annotations

import asyncio
import functools
import socket
import ssl
from typing import Any

import uvicorn
from uvicorn.server import ServerState

from events.exits import BadConfiguration
from ingest.connections import BoundedConnection, Limits, close_overdue
from ingest.settings import IngestSettings

SWEEP_SECONDS = 0.25
STOP_SECONDS_MAX = 6.0  # above acknowledge_seconds_max, so that each gets its answer
BACKLOG = 1024


class Listener:
    """The webhook's server: uvicorn's protocol on sockets and deadlines of our own.

    uvicorn's own server takes over the signals and gives TLS handshakes 60 s. The
    address is taken at once, and nobody is let in before `start`.

    Raises:
        BadConfiguration: The address is taken or not ours, or the TLS files do not
            fit each other.
    """

    def __init__(self, settings: IngestSettings) -> None:
        self._settings = settings
        self._state = ServerState()
        self._tls = _tls_context(settings)
        self._socket = _bound(settings.host, settings.port)
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """The port in use, also where a free one was asked for."""
        number: int = self._socket.getsockname()[1]
        return number

    @property
    def connections(self) -> int:
        """Connections that are open."""
        return len(self._state.connections)

    async def start(self, app: Any) -> None:
        """Accept connections from now on, and let the ASGI *app* answer them."""
        loop = asyncio.get_running_loop()
        limits = {"limits": _limits(self._settings)}
        made = functools.partial(
            type("LimitedConnection", (BoundedConnection,), limits),
            config=_config(app, self._settings),
            server_state=self._state,
            app_state={},
            _loop=loop,
        )
        patience = self._settings.header_seconds_max if self._tls else None
        try:
            self._server = await loop.create_server(
                made,
                sock=self._socket,
                ssl=self._tls,
                backlog=BACKLOG,
                ssl_handshake_timeout=patience,
            )
        except OSError as error:
            raise _refused(self._settings.host, self._settings.port, error) from None

    async def sweep(self) -> None:
        """Close connections that keep us waiting, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            close_overdue(self._state.connections, loop.time())

    async def stop(self) -> None:
        """Accept no more, and return when all requests are answered, or after 6 s.

        A request that has not fully arrived by then is cut off; its sender, who got no
        answer, tries again.
        """
        if self._server is not None:
            self._server.close()
        for connection in list(self._state.connections):
            connection.shutdown()
        try:
            async with asyncio.timeout(STOP_SECONDS_MAX):
                while self._state.connections or self._state.tasks:  # noqa: ASYNC110 -- uvicorn keeps sets, no event
                    await asyncio.sleep(SWEEP_SECONDS / 10)
        except TimeoutError:
            for connection in list(self._state.connections):
                connection.transport.abort()


def _config(app: Any, settings: IngestSettings) -> uvicorn.Config:
    config = uvicorn.Config(
        app,
        http=BoundedConnection,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=settings.keep_alive_seconds_max,  # type: ignore[arg-type]  # a float does as well
    )
    config.load()
    return config


def _tls_context(settings: IngestSettings) -> ssl.SSLContext | None:
    if settings.tls_certificate_file is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(settings.tls_certificate_file, settings.tls_key_file)
    except OSError as error:  # ssl.SSLError is one
        raise BadConfiguration(
            "KEEPSTEP_INGEST_TLS_CERTIFICATE_FILE: does not load with "
            f"KEEPSTEP_INGEST_TLS_KEY_FILE ({error.strerror}): "
            "give a PEM chain and its key"
        ) from None
    return context


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise _refused(host, port, error) from None
    return bound


def _refused(host: str, port: int, error: OSError) -> BadConfiguration:
    return BadConfiguration(
        f"KEEPSTEP_INGEST_PORT={port}: cannot listen on {host}:{port}: "
        f"{error.strerror}: choose another, or mend KEEPSTEP_INGEST_HOST"
    )


def _limits(settings: IngestSettings) -> Limits:
    return Limits(
        header_seconds_max=settings.header_seconds_max,
        body_seconds_max=settings.body_seconds_max,
        header_bytes_max=settings.header_bytes_max,
        headers_max=settings.headers_max,
        connections_max=settings.connections_max,
        idle_seconds_max=settings.keep_alive_seconds_max,
    )
