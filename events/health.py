"""The admin port of every process: /livez, /readyz and /metrics."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from typing import Any

import msgspec
import uvicorn
from prometheus_client import CollectorRegistry, generate_latest

from events.exits import BadConfiguration

Check = Callable[[], str | None]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Health:
    """Answers what an orchestrator and Prometheus ask, from checks given by name.

    A check returns None while all is well, else a few words that say what is not.
    What *notes* say is shown by `/readyz?verbose`, and stops nobody from being ready;
    `/status` is JSON for programs.
    """

    def __init__(
        self,
        registry: CollectorRegistry,
        ready: Mapping[str, Check],
        live: Mapping[str, Check] | None = None,
        notes: Mapping[str, Check] | None = None,
        status: Callable[[], object] = dict,
    ) -> None:
        self._registry = registry
        self._ready = ready
        self._notes = notes or {}
        self._live = live or {}
        self._status = status

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Send) -> None:
        """Serve one request as an ASGI application."""
        del receive
        if scope["type"] != "http":
            return
        path, verbose = scope["path"], b"verbose" in scope["query_string"]
        if path == "/metrics":
            await _answer(send, 200, generate_latest(self._registry))
        elif path == "/livez":
            await _answer(send, *_checked(self._live, verbose=verbose))
        elif path == "/readyz":
            status, lines = _checked(self._ready, verbose=verbose)
            await _answer(send, status, lines + self._noted(verbose=verbose))
        elif path == "/status":
            await _answer(send, 200, msgspec.json.encode(self._status()), _JSON)
        else:
            await _answer(send, 404, b"/livez /readyz?verbose /metrics /status\n")

    def _noted(self, *, verbose: bool) -> bytes:
        said = {name: note() for name, note in self._notes.items()} if verbose else {}
        lines = [f"[!]{name} {words}\n" for name, words in said.items() if words]
        return "".join(lines).encode()


def _checked(checks: Mapping[str, Check], *, verbose: bool) -> tuple[int, bytes]:
    results = {name: check() for name, check in checks.items()}
    failed = any(result is not None for result in results.values())
    lines = ["not ok" if failed else "ok"]
    if verbose:
        lines += [
            f"[+]{name} ok" if result is None else f"[-]{name} {result}"
            for name, result in results.items()
        ]
    return 503 if failed else 200, ("\n".join(lines) + "\n").encode()


_TEXT = b"text/plain; version=0.0.4; charset=utf-8"
_JSON = b"application/json"


async def _answer(send: Send, status: int, body: bytes, kind: bytes = _TEXT) -> None:
    headers = [(b"content-type", kind), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class _Server(uvicorn.Server):
    """A server that leaves signals to the process it is a part of."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the process's signal handlers as they are."""
        yield


@contextlib.asynccontextmanager
async def serving(health: Health, host: str, port: int) -> AsyncIterator[int]:
    """Serve *health* as long as the context is open; yields the port (0 = any).

    Raises:
        BadConfiguration: Somebody else listens there.
    """
    try:
        listener = socket.create_server((host, port), backlog=16)
    except OSError as error:
        raise BadConfiguration(
            f"admin port {host}:{port}: {error.strerror}: choose another ADMIN_PORT"
        ) from None
    config = uvicorn.Config(
        health, lifespan="off", log_config=None, access_log=False, http="httptools"
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve([listener]), name="admin port")
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        await task
