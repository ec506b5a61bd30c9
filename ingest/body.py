"""Reads a request's body up to a size; the connection sees to the time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

Receive = Callable[[], Awaitable[dict[str, Any]]]


class BodyTooLarge(Exception):
    """The body is larger than it may be; answer 413."""


class SenderGone(Exception):
    """The connection closed before the whole body was there; nobody can be answered."""


def refuse_announced(headers: Mapping[bytes, bytes], bytes_max: int) -> None:
    """Raise `BodyTooLarge` where the headers announce more than *bytes_max*."""
    announced = headers.get(b"content-length")
    if announced is not None and int(announced) > bytes_max:
        raise BodyTooLarge


async def read(receive: Receive, bytes_max: int) -> bytes:
    """Return the whole body, as it came, *bytes_max* bytes at most.

    Raises:
        BodyTooLarge: More than *bytes_max* came (a chunked body announces no size).
        SenderGone: The sender, or a deadline, closed the connection.
    """
    message = await receive()
    if message["type"] != "http.request":
        raise SenderGone
    first: bytes = message["body"]
    if not message["more_body"] and len(first) <= bytes_max:
        return first
    return await _read_rest(receive, message, bytes_max)


async def _read_rest(
    receive: Receive, message: dict[str, Any], bytes_max: int
) -> bytes:
    whole = bytearray()
    while True:
        if message["type"] != "http.request":
            raise SenderGone
        whole += message["body"]
        if len(whole) > bytes_max:
            raise BodyTooLarge
        if not message["more_body"]:
            return bytes(whole)
        message = await receive()
