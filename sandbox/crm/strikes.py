"""Carries out a programmed fault on a real connection.

Served by aiohttp, whose requests give their transport to the handler: closing a
connection without an answer is one public call there.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable

from aiohttp import web

from sandbox.crm import faults
from sandbox.crm.keys import refusal

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Cut(web.Response):
    """The answer that nobody gets: the connection was closed before its end."""


async def answer_under(
    strike: faults.Strike, request: web.Request, handler: Handler
) -> web.StreamResponse:
    """Answer *request* as *strike* wants it; a `Cut` where the connection is gone."""
    await asyncio.sleep(strike.latency_seconds)
    match strike.fault:
        case faults.Busy(retry_after_seconds=seconds):
            return refusal(429, "busy", {"Retry-After": str(seconds)})
        case faults.Limit(named=named, per_seconds=seconds):
            after = {"Retry-After": str(math.ceil(seconds))} if named else {}
            return refusal(429, "too many calls", after)
        case faults.Error(status=status):
            return refusal(status, "out of order")
        case faults.DropBefore():
            return _cut(request)
    return await _spoiled(strike.fault, request, await handler(request))


async def _spoiled(
    fault: faults.Fault | None, request: web.Request, answer: web.StreamResponse
) -> web.StreamResponse:
    """Return what arrives of *answer*, whose effect is kept."""
    match fault:
        case faults.DropAfter():
            return _cut(request)
        case faults.BrokenJson():
            return _halved(answer)
        case faults.Slow(seconds_per_byte=seconds_per_byte):
            return await _dripped(request, answer, seconds_per_byte)
    return answer


def _cut(request: web.Request) -> Cut:
    if request.transport is not None:
        request.transport.abort()
    return Cut()


def _body_of(response: web.StreamResponse) -> bytes:
    body = response.body if isinstance(response, web.Response) else None
    return body if isinstance(body, bytes) else b""


def _halved(response: web.StreamResponse) -> web.Response:
    body = _body_of(response) or b"{}"
    return web.Response(
        # 204 may carry no body, so a broken one says 200.
        status=200
        if response.status == web.HTTPNoContent.status_code
        else response.status,
        body=body[: len(body) // 2],
        content_type="application/json",
    )


async def _dripped(
    request: web.Request, response: web.StreamResponse, seconds_per_byte: float
) -> web.StreamResponse:
    body = _body_of(response)
    dripping = web.StreamResponse(status=response.status)
    dripping.content_type = "application/json"
    dripping.content_length = len(body)
    try:
        await dripping.prepare(request)
        for byte in body:
            await asyncio.sleep(seconds_per_byte)
            await dripping.write(bytes([byte]))
        await dripping.write_eof()
    except ConnectionResetError:  # the caller lost patience, as it may
        return Cut()
    return dripping
