"""A CRM double that answers each PATCH after a fixed time, and remembers it.

`python -m bench.delivery.crm <delay in ms>` prints its port and serves until SIGTERM.
It must never be the bottleneck, so it is no framework: one protocol on uvloop.
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

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
CALLS = re.compile(rb"GET /calls/(\d+) ")
CONTACT = re.compile(rb"PATCH /contacts/([^ /]+) ")
NUMBER = re.compile(rb'"phone": ?"\+1555(\d+)"')
ANSWER = b'{"status":"active"}'
RESPONSE = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\n\r\n%b" % (len(ANSWER), ANSWER)
)


class Call(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One PATCH: when it was there whole, of whom it was, and the event's number."""

    at: float  # seconds of the monotonic clock, which all processes share
    contact: str
    event: int


class Contacts(asyncio.Protocol):
    """One kept connection; requests come one after another, as HTTP/1.1 clients do."""

    def __init__(self, calls: list[Call], delay_seconds: float) -> None:
        self._calls = calls
        self._delay_seconds = delay_seconds
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where answers go."""
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
        if asked := CALLS.match(head):
            report = msgspec.json.encode(self._calls[int(asked[1]) :])
            self._transport.write(
                b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b"
                % (len(report), report)
            )
            return
        contact, number = CONTACT.match(head), NUMBER.search(body)
        if contact is None or number is None:
            self._transport.write(b"HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n")
            return
        call = Call(time.monotonic(), contact[1].decode(), int(number[1]))
        self._calls.append(call)
        self._loop.call_later(self._delay_seconds, self._answer)

    def _answer(self) -> None:
        if not self._transport.is_closing():
            self._transport.write(RESPONSE)


async def _serve(delay_seconds: float) -> None:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    calls: list[Call] = []
    server = await loop.create_server(
        lambda: Contacts(calls, delay_seconds), "127.0.0.1", 0, backlog=1024
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await stop.wait()
    server.close()


if __name__ == "__main__":
    uvloop.run(_serve(float(sys.argv[1]) / 1000))
