"""A real HTTP server in a thread of its own that counts requests at their first byte.

So a client's loop may be busy, blocked or frozen while the server goes on.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

CERTIFICATE = Path(__file__).parents[1] / "payloads" / "tls" / "certificate.pem"
START_SECONDS_MAX = 10.0
BODIES = {b"GET": b"[]", b"POST": b'{"id": "7"}'}


def trusting() -> ssl.SSLContext:
    """Return what a client needs to trust the server's certificate."""
    return ssl.create_default_context(cafile=CERTIFICATE)


class FirstBytes:
    """What arrived so far. Every *closes_every*-th answer ends its connection."""

    def __init__(self, scheme: str, closes_every: int) -> None:
        self.scheme = scheme
        self.closes_every = closes_every
        self.answering = True
        self.connections = 0
        self.requests: list[bytes] = []  # the method of each, noted at its first byte
        self.last_at_seconds = 0.0
        self.base_url = ""
        self.open: set[asyncio.Transport] = set()
        self.stop: Callable[[], object]

    def quiet(self, seconds: float) -> bool:
        """Whether for so long nothing has arrived."""
        return time.monotonic() - self.last_at_seconds > seconds


class _Conversation(asyncio.Protocol):
    def __init__(self, seen: FirstBytes) -> None:
        self._seen = seen
        self._request = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._seen.connections += 1
        self._seen.open.add(transport)

    def connection_lost(self, _: Exception | None) -> None:
        self._seen.open.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        if not self._request:
            self._seen.requests.append(data.split(b" ")[0])
        self._seen.last_at_seconds = time.monotonic()
        self._request += data
        head, end, body = self._request.partition(b"\r\n\r\n")
        _, _, length = head.lower().partition(b"content-length: ")
        if end and len(body) >= int(length.split(b"\r\n")[0] or 0):
            self._request = b""
            if self._seen.answering:
                self._answer(head.split(b" ")[0])

    def _answer(self, method: bytes) -> None:
        body = BODIES.get(method, b"{}")
        last = len(self._seen.requests) % self._seen.closes_every == 0
        connection = b"connection: close\r\n" if last else b""
        self._transport.write(
            b"HTTP/1.1 200 OK\r\n%bcontent-length: %d\r\n\r\n%b"
            % (connection, len(body), body)
        )
        if last:
            self._transport.close()


async def _serve(seen: FirstBytes, ready: threading.Event) -> None:
    tls = None
    if seen.scheme == "https":
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(CERTIFICATE, CERTIFICATE.with_name("key.pem"))
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: _Conversation(seen), "127.0.0.1", 0, ssl=tls
    )
    seen.base_url = f"{seen.scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    stop = asyncio.Event()
    seen.stop = lambda: loop.call_soon_threadsafe(stop.set)
    ready.set()
    await stop.wait()
    # asyncio leaks the connection that it is accepting when its server is closed.
    while accepting := asyncio.all_tasks() - {asyncio.current_task()}:
        await asyncio.wait(accepting)
    server.close()
    while seen.open:
        for transport in seen.open:
            transport.abort()
        await asyncio.sleep(0)


@contextlib.contextmanager
def counting_first_bytes(
    scheme: str = "http", *, closes_every: int = 1_000_000
) -> Iterator[FirstBytes]:
    """Serve until the block ends."""
    seen = FirstBytes(scheme, closes_every)
    ready = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(_serve(seen, ready)))
    thread.start()
    assert ready.wait(START_SECONDS_MAX)
    try:
        yield seen
    finally:
        seen.stop()
        thread.join()
