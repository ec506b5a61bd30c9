"""A CRM double that fails one user in so many for ever, and goes away when told to.

`python -m bench.isolation.crm <port> <delay in ms> <one in>` prints its port and serves
until SIGTERM. Contacts whose number is a multiple of <one in> are answered 503 (0:
nobody is). After SIGUSR1 it refuses connections, after SIGUSR2 it takes them again.
"""

from __future__ import annotations

import asyncio
import re
import signal
import sys
import time
from typing import cast

import msgspec
import uvloop

from bench.delivery.crm import Call

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
CONTACT = re.compile(rb"PATCH /contacts/(c_(\d+)) ")
NUMBER = re.compile(rb'"phone": ?"\+1555(\d+)"')
OK, BAD, AWAY = b"200 OK", b"400 Bad Request", b"503 Service Unavailable"


class Seen(msgspec.Struct, frozen=True):
    """What it was asked so far: the calls that took effect, and how many did not."""

    calls: list[Call]
    failed: int


class Crm:
    """The contacts, all of them there from the beginning."""

    def __init__(self, port: int, delay_seconds: float, one_in: int) -> None:
        self._port = port
        self._one_in = one_in
        self._calls: list[Call] = []
        self._failed = 0
        self.delay_seconds = delay_seconds
        self.open: set[asyncio.Transport] = set()

    async def serve(self) -> None:
        """Serve until SIGTERM."""
        loop, events = asyncio.get_running_loop(), asyncio.Queue[signal.Signals]()
        for number in (signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2):
            loop.add_signal_handler(number, events.put_nowait, number)
        server = await self._listen()
        print(self._port, flush=True)
        while (event := await events.get()) is not signal.SIGTERM:
            server.close()
            for transport in list(self.open):
                transport.abort()
            if event is signal.SIGUSR2:
                server = await self._listen()

    async def _listen(self) -> asyncio.Server:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: _Conversation(self), "127.0.0.1", self._port, backlog=1024
        )
        self._port = server.sockets[0].getsockname()[1]
        return server

    def take(self, head: bytes, body: bytes) -> bytes:
        """Take a whole PATCH in; return the status of the answer."""
        contact, number = CONTACT.match(head), NUMBER.search(body)
        if contact is None or number is None:
            return BAD
        if self._one_in and int(contact[2]) % self._one_in == 0:
            self._failed += 1
            return AWAY
        call = Call(time.monotonic(), contact[1].decode(), int(number[1]))
        self._calls.append(call)
        return OK

    def report(self) -> bytes:
        """Return all that it was asked."""
        return msgspec.json.encode(Seen(self._calls, self._failed))


class _Conversation(asyncio.Protocol):
    """One kept connection; requests come one after another, as HTTP/1.1 clients do."""

    def __init__(self, crm: Crm) -> None:
        self._crm = crm
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._crm.open.add(self._transport)
        self._loop = asyncio.get_running_loop()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._crm.open.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        """Take what came, and answer once the request is whole."""
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        length = LENGTH.search(head)
        if not end or len(body) < (int(length[1]) if length else 0):
            return
        self._received = b""
        if head.startswith(b"GET /seen "):
            self._answer(OK, self._crm.report())
        else:
            status = self._crm.take(head, body)
            self._loop.call_later(self._crm.delay_seconds, self._answer, status, b"{}")

    def _answer(self, status: bytes, body: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(
                b"HTTP/1.1 %b\r\nContent-Type: application/json\r\n"
                b"Content-Length: %d\r\n\r\n%b" % (status, len(body), body)
            )


if __name__ == "__main__":
    port, delay_ms, one_in = sys.argv[1:]
    uvloop.run(Crm(int(port), float(delay_ms) / 1000, int(one_in)).serve())
