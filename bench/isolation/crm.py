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

import msgspec
import uvloop

from bench.conversation import AWAY, BAD, OK, Conversation, Reply
from bench.delivery.crm import Call

CONTACT = re.compile(rb"PATCH /contacts/(c_(\d+)) ")
NUMBER = re.compile(rb'"phone": ?"\+1555(\d+)"')


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
        self._delay_seconds = delay_seconds
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

    def reply(self, head: bytes, body: bytes) -> Reply:
        """Answer a request: a PATCH, or what it was asked so far."""
        if head.startswith(b"GET /seen "):
            return Reply(body=msgspec.json.encode(Seen(self._calls, self._failed)))
        return Reply(self._take(head, body), after_seconds=self._delay_seconds)

    def _take(self, head: bytes, body: bytes) -> bytes:
        contact, number = CONTACT.match(head), NUMBER.search(body)
        if contact is None or number is None:
            return BAD
        if self._one_in and int(contact[2]) % self._one_in == 0:
            self._failed += 1
            return AWAY
        call = Call(time.monotonic(), contact[1].decode(), int(number[1]))
        self._calls.append(call)
        return OK


class _Conversation(Conversation):
    """One that the CRM can end when it goes away."""

    def __init__(self, crm: Crm) -> None:
        super().__init__(crm.reply)
        self._crm = crm

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._crm.open.add(self._transport)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._crm.open.discard(self._transport)


if __name__ == "__main__":
    port, delay_ms, one_in = sys.argv[1:]
    uvloop.run(Crm(int(port), float(delay_ms) / 1000, int(one_in)).serve())
