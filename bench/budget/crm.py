"""A CRM double that takes so many calls in any stretch of time, and remembers all.

`python -m bench.budget.crm <calls> <per seconds> <delay in ms>` prints its port and
serves until SIGTERM. A call is judged as it arrives; what is too much is answered 429
and has no effect. What its bearer token begins with, up to a dot, is its worker's name.
"""

from __future__ import annotations

import asyncio
import re
import signal
import sys
import time
from collections import deque
from typing import cast

import msgspec
import uvloop

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
TOKEN = re.compile(rb"\r\nauthorization: *bearer ([^.\s]+)\.", re.IGNORECASE)
CONTACT = re.compile(rb"PATCH /contacts/(c_\d+) ")
NUMBER = re.compile(rb'"phone": ?"\+1555(\d+)"')
OK, BAD, TOO_MANY = b"200 OK", b"400 Bad Request", b"429 Too Many Requests"


class Arrival(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One PATCH: when it was there whole, of whom, the event's number, and by whom."""

    at: float  # seconds of the monotonic clock, which all processes share
    contact: str
    event: int
    worker: str
    taken: bool


class Crm:
    """The contacts, all of them there from the beginning."""

    def __init__(self, calls: int, per_seconds: float, delay_seconds: float) -> None:
        self._calls = calls
        self._per_seconds = per_seconds
        self._taken: deque[float] = deque()
        self._log: list[Arrival] = []
        self.delay_seconds = delay_seconds

    def take(self, head: bytes, body: bytes) -> bytes:
        """Take a whole PATCH in; return the status of the answer."""
        contact, number = CONTACT.match(head), NUMBER.search(body)
        token = TOKEN.search(head)
        if contact is None or number is None or token is None:
            return BAD
        now = time.monotonic()
        taken = self._has_room(now)
        worker, event = token[1].decode(), int(number[1])
        self._log.append(Arrival(now, contact[1].decode(), event, worker, taken))
        return OK if taken else TOO_MANY

    def _has_room(self, now: float) -> bool:
        while self._taken and self._taken[0] <= now - self._per_seconds:
            self._taken.popleft()
        if len(self._taken) >= self._calls:
            return False
        self._taken.append(now)
        return True

    def report(self, begin: int) -> bytes:
        """Return what arrived, without the first *begin* calls."""
        return msgspec.json.encode(self._log[begin:])


class _Conversation(asyncio.Protocol):
    """One kept connection; requests come one after another, as HTTP/1.1 clients do."""

    def __init__(self, crm: Crm) -> None:
        self._crm = crm
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._loop = asyncio.get_running_loop()

    def data_received(self, data: bytes) -> None:
        """Take what came, and answer once the request is whole."""
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        length = LENGTH.search(head)
        if not end or len(body) < (int(length[1]) if length else 0):
            return
        self._received = b""
        if head.startswith(b"GET /arrivals/"):
            begin = int(head.split(b" ", 2)[1].rpartition(b"/")[2])
            self._answer(OK, self._crm.report(begin))
        else:
            status = self._crm.take(head, body)
            self._loop.call_later(self._crm.delay_seconds, self._answer, status, b"{}")

    def _answer(self, status: bytes, body: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(
                b"HTTP/1.1 %b\r\nContent-Type: application/json\r\n"
                b"Content-Length: %d\r\n\r\n%b" % (status, len(body), body)
            )


async def _serve(crm: Crm) -> None:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    server = await loop.create_server(
        lambda: _Conversation(crm), "127.0.0.1", 0, backlog=1024
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await stop.wait()
    server.close()


if __name__ == "__main__":
    calls, per_seconds, delay_ms = sys.argv[1:]
    uvloop.run(_serve(Crm(int(calls), float(per_seconds), float(delay_ms) / 1000)))
