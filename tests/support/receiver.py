"""A real HTTP server that plays the webhook, for the sender of events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from sandbox.auth0.delivery import Event


@dataclass
class Receiver:
    """A webhook that answers what a test tells it to."""

    url: str = ""
    answer: Callable[[bytes], int] = lambda _: 202
    delay_seconds: float = 0.0
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    in_flight: int = 0
    in_flight_max: int = 0

    async def receive(self, request: web.Request) -> web.Response:
        self.in_flight += 1
        self.in_flight_max = max(self.in_flight_max, self.in_flight)
        try:
            body = await request.read()
            self.bodies.append(body)
            self.headers.append(dict(request.headers))
            await asyncio.sleep(self.delay_seconds)
            status = self.answer(body)
        finally:
            self.in_flight -= 1
        if status == 0 and request.transport is not None:
            request.transport.abort()
            return web.Response()
        headers = {"Location": "/elsewhere"} if status == 302 else {}
        return web.Response(status=status, headers=headers)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    application = web.Application()
    application.router.add_post("/webhooks/auth0", receiver.receive)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/webhooks/auth0"
    yield receiver
    await runner.cleanup()


def an_event(number: int, user_id: str = "u1") -> Event:
    return Event(f"e{number}", user_id, f'{{"number":{number}}}'.encode())


def answers(*statuses: int) -> Callable[[bytes], int]:
    """Answer these statuses one after another, then 202 for ever."""
    remaining = iter(statuses)
    return lambda _: next(remaining, 202)
