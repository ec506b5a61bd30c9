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

import msgspec
import uvloop

from bench.conversation import BAD, OK, TOO_MANY, Conversation, Reply

TOKEN = re.compile(rb"\r\nauthorization: *bearer ([^.\s]+)\.", re.IGNORECASE)
CONTACT = re.compile(rb"PATCH /contacts/(c_\d+) ")
NUMBER = re.compile(rb'"phone": ?"\+1555(\d+)"')


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
        self._delay_seconds = delay_seconds

    def reply(self, head: bytes, body: bytes) -> Reply:
        """Answer a request: a PATCH, or how many calls of the log are known."""
        if head.startswith(b"GET /arrivals/"):
            begin = int(head.split(b" ", 2)[1].rpartition(b"/")[2])
            return Reply(body=msgspec.json.encode(self._log[begin:]))
        return Reply(self._take(head, body), after_seconds=self._delay_seconds)

    def _take(self, head: bytes, body: bytes) -> bytes:
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


async def _serve(crm: Crm) -> None:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    server = await loop.create_server(
        lambda: Conversation(crm.reply), "127.0.0.1", 0, backlog=1024
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await stop.wait()
    server.close()


if __name__ == "__main__":
    calls, per_seconds, delay_ms = sys.argv[1:]
    uvloop.run(_serve(Crm(int(calls), float(per_seconds), float(delay_ms) / 1000)))
