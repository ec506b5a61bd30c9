"""A real HTTP server that answers what no honest CRM would."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass
class OddServer:
    """Gives each connection the same answer; remembers what it was asked."""

    base_url: str
    requests: list[bytes] = field(default_factory=list)


@contextlib.asynccontextmanager
async def odd_server(answer: Answer) -> AsyncIterator[OddServer]:
    """Serve until the block ends; connections still open are cut."""
    running = OddServer("")

    conversations: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        conversations.add(task)
        try:
            running.requests.append(await reader.readuntil(b"\r\n\r\n"))
            await answer(writer)
            writer.close()
            await writer.wait_closed()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            writer.transport.abort()  # the client hung up, or the test is over
        finally:
            conversations.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    running.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield running
    finally:
        server.close()
        while conversations:
            for conversation in list(conversations):
                conversation.cancel()
            await asyncio.sleep(0)
