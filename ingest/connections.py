"""One client connection: uvicorn's, with the bounds that uvicorn does not have.

Uvicorn waits without end for the rest of a header or body, and its parser takes any
number of headers. A connection that is too slow is closed and not answered: Auth0
takes 408 as final, but tries again after a lost connection.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_CLOSE = b"content-length: 0\r\nconnection: close\r\n"
_CROWDED = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\n" + _CLOSE + b"\r\n"
_FAT = b"HTTP/1.1 431 Request Header Fields Too Large\r\n" + _CLOSE + b"\r\n"


@dataclass(frozen=True, slots=True)
class Limits:
    """How long and how large one connection's requests may be."""

    header_seconds_max: float
    body_seconds_max: float
    header_bytes_max: int
    headers_max: int
    connections_max: int
    idle_seconds_max: float


class BoundedConnection(HttpToolsProtocol):
    """A connection that knows when the part it waits for must have arrived.

    The deadline is only noted here; `close_overdue` looks at all of them, since a
    timer for each request would cost more than the request.
    """

    limits: Limits

    def connection_made(  # type: ignore[override]  # as uvicorn narrows it
        self, transport: asyncio.Transport
    ) -> None:
        """Start to wait for the first header, or turn the client away."""
        crowded = len(self.connections) >= self.limits.connections_max
        super().connection_made(transport)
        self.deadline = self.loop.time() + self.limits.header_seconds_max
        self._header_bytes = 0
        self._whole = True
        if crowded:
            self._hang_up(_CROWDED)

    def data_received(self, data: bytes) -> None:
        """Feed the parser, unless the connection is on its way out."""
        if not self.transport.is_closing():
            super().data_received(data)

    def on_message_begin(self) -> None:
        """Count the header's time and size from here."""
        super().on_message_begin()
        self._header_bytes = 0
        self._whole = False
        # A first request counts from the connection, which is the earlier one.
        due = self.loop.time() + self.limits.header_seconds_max
        self.deadline = min(self.deadline, due)

    def on_url(self, url: bytes) -> None:
        """Take a part of the path."""
        super().on_url(url)
        self._count(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take one header."""
        super().on_header(name, value)
        self._count(len(name) + len(value))

    def on_headers_complete(self) -> None:
        """Start the request, and to wait for its body."""
        if self.transport.is_closing():
            return
        self.deadline = self.loop.time() + self.limits.body_seconds_max
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        if self.cycle is not None:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Stop the clock: from here on it is we who owe something, if we still do."""
        self._whole = True
        self.deadline = math.inf
        if self.cycle is not None:
            super().on_message_complete()
            self._rest_if_done()

    def on_response_complete(self) -> None:
        """Wait for the next request, once this one has come in whole."""
        super().on_response_complete()
        self._rest_if_done()

    def _rest_if_done(self) -> None:
        # A refused request is answered before its body is there, and uvicorn's own
        # timer for idle connections, once stopped by a late byte, never starts again.
        if self._whole and self.cycle.response_complete:
            self.deadline = self.loop.time() + self.limits.idle_seconds_max

    def _count(self, length: int) -> None:
        self._header_bytes += length
        limits = self.limits
        if (
            self._header_bytes > limits.header_bytes_max
            or len(self.headers) > limits.headers_max
        ) and not self.transport.is_closing():
            self._hang_up(_FAT)

    def _hang_up(self, answer: bytes) -> None:
        self.transport.write(answer)
        self.transport.close()


def close_overdue(connections: Iterable[Any], now: float) -> int:
    """Close every connection whose deadline is before *now*; return how many."""
    overdue = [c for c in connections if c.deadline < now]
    for connection in overdue:
        connection.transport.abort()
    return len(overdue)
