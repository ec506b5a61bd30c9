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

import msgspec
import uvloop

from bench.conversation import BAD, Conversation, Reply

CALLS = re.compile(rb"GET /calls/(\d+) ")
CONTACT = re.compile(rb"PATCH /contacts/([^ /]+) ")
NUMBER = re.compile(rb'"phone": ?"\+1555(\d+)"')
ANSWER = b'{"status":"active"}'


class Call(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One PATCH: when it was there whole, of whom it was, and the event's number."""

    at: float  # seconds of the monotonic clock, which all processes share
    contact: str
    event: int


class Contacts:
    """All calls, each answered after the same time."""

    def __init__(self, delay_seconds: float) -> None:
        self._delay_seconds = delay_seconds
        self._calls: list[Call] = []

    def reply(self, head: bytes, body: bytes) -> Reply:
        """Answer a request: a PATCH, or how many of the calls are known."""
        if asked := CALLS.match(head):
            return Reply(body=msgspec.json.encode(self._calls[int(asked[1]) :]))
        contact, number = CONTACT.match(head), NUMBER.search(body)
        if contact is None or number is None:
            return Reply(BAD)
        call = Call(time.monotonic(), contact[1].decode(), int(number[1]))
        self._calls.append(call)
        return Reply(body=ANSWER, after_seconds=self._delay_seconds)


async def _serve(delay_seconds: float) -> None:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    contacts = Contacts(delay_seconds)
    server = await loop.create_server(
        lambda: Conversation(contacts.reply), "127.0.0.1", 0, backlog=1024
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await stop.wait()
    server.close()


if __name__ == "__main__":
    uvloop.run(_serve(float(sys.argv[1]) / 1000))
