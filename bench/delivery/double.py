"""The CRM double as a process, what it was asked, and how fast it is alone."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import httpx
import msgspec
import uvloop

from bench.delivery import process
from bench.delivery.crm import Call

ROOT = Path(__file__).parents[2]
REQUEST = (
    b"PATCH /contacts/c_1 HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 25\r\n\r\n"
    b'{"phone":"+155500000001"}'
)


class Double:
    """A running CRM double."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self._client = httpx.Client(base_url=self.url, timeout=30.0, trust_env=False)

    def calls(self, first: int = 0) -> list[Call]:
        """Return every call so far but the *first* ones, in the order they came."""
        answer = self._client.get(f"/calls/{first}")
        return msgspec.json.decode(answer.content, type=list[Call])

    def close(self) -> None:
        """Close the connection to it; the process stays."""
        self._client.close()


@contextlib.contextmanager
def running(delay_ms: int) -> Iterator[Double]:
    """Run a double that answers each call *delay_ms* after it came."""
    started = subprocess.Popen(
        [sys.executable, "-m", "bench.delivery.crm", str(delay_ms)],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    )
    try:
        assert started.stdout is not None  # noqa: S101 -- it is a pipe
        with contextlib.closing(Double(int(started.stdout.readline()))) as double:
            yield double
    finally:
        process.stop(started)


def calls_per_second_alone(delay_ms: int, in_flight: int, seconds: float) -> float:
    """Return how many calls a double answers with nobody else at work."""
    with running(delay_ms) as double:
        return uvloop.run(_drive(double.port, in_flight, seconds))


async def _drive(port: int, in_flight: int, seconds: float) -> float:
    loop = asyncio.get_running_loop()
    ends_at = time.monotonic() + seconds
    callers = [_Caller(ends_at) for _ in range(in_flight)]
    for caller in callers:
        await loop.create_connection(lambda c=caller: c, "127.0.0.1", port)  # type: ignore[misc]  # it is called at once
    started = time.monotonic()
    await asyncio.wait([caller.ended for caller in callers])
    answers = sum(caller.answers for caller in callers)
    return answers / (time.monotonic() - started)


class _Caller(asyncio.Protocol):
    """Calls again as soon as it is answered; its answers come in one piece."""

    def __init__(self, ends_at: float) -> None:
        self._ends_at = ends_at
        self.answers = 0
        self.ended = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(REQUEST)

    def data_received(self, _: bytes) -> None:
        self.answers += 1
        if time.monotonic() < self._ends_at:
            self._transport.write(REQUEST)
        else:
            self._transport.close()
            self.ended.set_result(None)
