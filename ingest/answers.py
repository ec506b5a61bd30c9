"""Every answer the webhook gives, made once.

Auth0 takes any 4XX as final and tries anything else but 2XX again (event streams,
best practices), so trouble of our own is always 503.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

Send = Callable[[dict[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """A status and its headers, without a body."""

    status: int
    start: dict[str, Any]

    async def give(self, send: Send) -> None:
        """Send it as an ASGI application does."""
        await send(self.start)
        await send(_END)


_END: dict[str, Any] = {"type": "http.response.body", "body": b""}


def _answer(status: int, *headers: tuple[bytes, bytes]) -> Answer:
    all_headers = [(b"content-length", b"0"), *headers]
    return Answer(
        status,
        {"type": "http.response.start", "status": status, "headers": all_headers},
    )


STORED = _answer(202)
UNKNOWN_SENDER = _answer(401, (b"www-authenticate", b"Bearer"))
NOT_HERE = _answer(404)
ONLY_POST = _answer(405, (b"allow", b"POST"))
TOO_LARGE = _answer(413)
TRY_AGAIN = _answer(503, (b"retry-after", b"1"))
ALL = (STORED, UNKNOWN_SENDER, NOT_HERE, ONLY_POST, TOO_LARGE, TRY_AGAIN)
