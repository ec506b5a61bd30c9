"""A real HTTP server that answers as a test tells it to, and remembers what it got."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from aiohttp import web
from yarl import URL


@dataclass
class Got:
    """One request: the path as it was sent, still encoded."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def query(self) -> dict[str, str]:
        """The parameters, decoded."""
        return dict(URL(self.path, encoded=True).query)

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, list[str]]:
        """The body as a form."""
        return parse_qs(self.body.decode(), keep_blank_values=True)


@dataclass(frozen=True)
class Said:
    """One answer."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def bytes(self) -> bytes:
        """The body as it is sent: bytes as they are, all else as JSON."""
        if isinstance(self.body, bytes):
            return self.body
        return b"" if self.body is None else json.dumps(self.body).encode()


@dataclass
class Server:
    """What was asked, in order; `base_url` is where to ask."""

    base_url: str
    got: list[Got] = field(default_factory=list)

    def paths(self) -> list[str]:
        """The requests as `METHOD /path?query`."""
        return [f"{one.method} {one.path}" for one in self.got]


Answering = Callable[[Got], Said | Awaitable[Said]]


@contextlib.asynccontextmanager
async def answering(answer: Answering | list[Said]) -> AsyncIterator[Server]:
    """Serve on a port of its own; a list is answered in turn, its last for ever."""
    server = Server("")

    async def respond(request: web.BaseRequest) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        got = Got(request.method, request.raw_path, headers, await request.read())
        server.got.append(got)
        if isinstance(answer, list):
            said: Said | Awaitable[Said] = answer[min(len(server.got), len(answer)) - 1]
        else:
            said = answer(got)
        if not isinstance(said, Said):
            said = await said
        kind = {"content-type": "application/json", **said.headers}
        return web.Response(status=said.status, body=said.bytes, headers=kind)

    runner = web.ServerRunner(
        web.Server(respond, access_log=None), shutdown_timeout=0.2
    )
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        await runner.cleanup()


async def turn() -> None:
    """Let every task that can go on do so."""
    for _ in range(20):
        await asyncio.sleep(0)
