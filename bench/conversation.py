"""HTTP/1.1 as the CRM doubles speak it: no framework, so that none holds others up."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import NamedTuple, cast

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
OK, BAD, AWAY = b"200 OK", b"400 Bad Request", b"503 Service Unavailable"
TOO_MANY = b"429 Too Many Requests"


class Reply(NamedTuple):
    """What is answered to a request, and how long after it was there whole."""

    status: bytes = OK
    body: bytes = b"{}"
    after_seconds: float = 0.0


class Conversation(asyncio.Protocol):
    """One kept connection; requests come one after another, as clients send them.

    *reply* is asked with head and body of each.
    """

    def __init__(self, reply: Callable[[bytes, bytes], Reply]) -> None:
        self._reply = reply
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
        reply = self._reply(head, body)
        if reply.after_seconds:
            self._loop.call_later(reply.after_seconds, self._answer, reply)
        else:
            self._answer(reply)

    def _answer(self, reply: Reply) -> None:
        if not self._transport.is_closing():
            self._transport.write(
                b"HTTP/1.1 %b\r\nContent-Type: application/json\r\n"
                b"Content-Length: %d\r\n\r\n%b"
                % (reply.status, len(reply.body), reply.body)
            )
