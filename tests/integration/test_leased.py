"""Each write asks for the lease: real sockets, both event loops, http and https."""

from __future__ import annotations

import asyncio
import socket
import time
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from processors.correlation.calls import (
    Call,
    Create,
    Deactivate,
    Delete,
    Done,
    Find,
    Restore,
    Update,
)
from processors.correlation.rules import Lookup
from processors.delivery.verdict import RetryLater
from processors.rest.client import RestClient
from processors.rest.leased import PIECE_BYTES, LeasedSession
from processors.rest.transport import LeaseLost, watched
from tests.support.destination import connection
from tests.support.eventually import eventually
from tests.support.first_bytes import counting_first_bytes, trusting
from tests.support.loops import on_both_loops, run

LONG_BYTES = 32 * 1024 * 1024  # more than any kernel takes at once
ASKS_PER_WRITE = 2  # where aiohttp writes, and right before the socket
on_both_schemes = pytest.mark.parametrize("scheme", ["http", "https"])
CALLS: tuple[Call, ...] = (
    Find("a@example.com"),
    Create({"email": "a@example.com"}),
    Update("7", {"name": "x"}),
    Deactivate("7"),
    Restore("7"),
    Delete("7"),
)


class Lease:
    def __init__(self, *, held: bool = True) -> None:
        self.held = held
        self.asked = 0

    def __call__(self) -> bool:
        self.asked, self._asked_at_seconds = self.asked + 1, time.monotonic()
        return self.held

    def unasked(self, seconds: float) -> bool:
        """Whether a call asked, and for so long no more: the network takes nothing."""
        return self.asked > 0 and time.monotonic() - self._asked_at_seconds > seconds


def client_of(base_url: str, lease: Lease) -> RestClient:
    return RestClient(
        connection(base_url, timeout_seconds=10.0),
        Lookup(),
        lease,
        verify=trusting(),
    )


@contextmanager
def listening() -> Any:
    """A server's socket whose connections are accepted and read by the test."""
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        server.bind(("127.0.0.1", 0))
        server.listen()
        server.settimeout(10.0)
        yield server, f"http://127.0.0.1:{server.getsockname()[1]}"


def read_all(peer: socket.socket) -> tuple[int, bool]:
    """Return how many bytes come, and whether they end in a reset."""
    came = 0
    with peer:
        peer.settimeout(10.0)
        try:
            while part := peer.recv(65_536):
                came += len(part)
        except ConnectionResetError:
            return came, True
    return came, False


@on_both_loops
@on_both_schemes
@pytest.mark.parametrize("call", CALLS, ids=lambda call: type(call).__name__)
def test_without_the_lease_nothing_is_sent(loop: str, scheme: str, call: Call) -> None:
    async def body() -> None:
        lease = Lease(held=False)
        async with client_of(server.base_url, lease) as client:
            with pytest.raises(LeaseLost) as lost:
                await client.call(call)
            assert not lost.value.maybe_effect
        assert lease.asked == 1

    with counting_first_bytes(scheme) as server:
        run(loop, body())

    assert server.requests == []


@on_both_loops
@on_both_schemes
@pytest.mark.parametrize("call", CALLS, ids=lambda call: type(call).__name__)
def test_a_kept_connection_sends_nothing_once_the_lease_is_lost_and_is_dropped(
    loop: str, scheme: str, call: Call
) -> None:
    async def body() -> None:
        lease = Lease()
        async with client_of(server.base_url, lease) as client:
            await client.call(Update("7", {"name": "first"}))
            lease.held = False
            with pytest.raises(LeaseLost):
                await client.call(call)
            refused = len(server.requests), server.connections
            lease.held = True
            again = await client.call(Update("7", {"name": "again"}))
            assert again.meaning == Done("7")
        assert refused == (1, 1)
        assert (len(server.requests), server.connections) == (2, 2)

    with counting_first_bytes(scheme) as server:
        run(loop, body())


@on_both_loops
@on_both_schemes
def test_what_is_written_is_under_way_before_the_loop_goes_on(
    loop: str, scheme: str
) -> None:
    async def body() -> None:
        running = asyncio.get_running_loop()
        url = httpx.URL(server.base_url)
        tls = trusting() if scheme == "https" else None
        transport, _ = await running.create_connection(
            asyncio.Protocol, url.host, url.port or 0, ssl=tls
        )
        transport.write(b"GET / HTTP/1.1\r\n\r\n")
        eventually(lambda: server.requests == [b"GET"])  # blocks the loop
        transport.abort()

    with counting_first_bytes(scheme) as server:
        run(loop, body())


@on_both_loops
@on_both_schemes
def test_dropping_ends_calls_under_way_and_the_next_makes_a_connection(
    loop: str, scheme: str
) -> None:
    async def body() -> None:
        async with client_of(server.base_url, Lease()) as client:
            await client.call(Find("a@example.com"))
            server.answering = False
            under_way = [asyncio.create_task(client.call(call)) for call in CALLS[1:3]]
            await asyncio.to_thread(eventually, lambda: len(server.requests) == 3)
            client.drop_connections()
            for response in await asyncio.gather(*under_way):
                assert isinstance(response.meaning, RetryLater)
                assert response.maybe_effect
            server.answering = True
            await client.call(Find("a@example.com"))
            assert server.connections == 3
            client.drop_connections()
            await client.call(Find("a@example.com"))
            assert server.connections == 4

    with counting_first_bytes(scheme) as server:
        run(loop, body())


@on_both_loops
def test_a_long_body_under_way_is_cut_when_the_lease_is_lost(loop: str) -> None:
    async def body() -> None:
        lease = Lease()
        async with client_of(url, lease) as client:
            call = asyncio.create_task(
                client.call(Update("7", {"name": "x" * LONG_BYTES}))
            )
            await asyncio.to_thread(eventually, lambda: lease.unasked(0.2))
            lease.held = False
            reading = asyncio.create_task(
                asyncio.to_thread(read_all, server.accept()[0])
            )
            with pytest.raises(LeaseLost) as lost:
                await call
            assert lost.value.maybe_effect
            came, reset = await reading
        assert reset
        assert came < (lease.asked + 1) * PIECE_BYTES

    with listening() as (server, url):
        run(loop, body())


@on_both_loops
def test_an_answer_before_the_body_has_left_changes_nothing_of_that(loop: str) -> None:
    async def body() -> None:
        lease = Lease()
        async with client_of(url, lease) as client:
            fields = {"name": "x" * LONG_BYTES}
            call = asyncio.create_task(client.call(Update("7", fields)))
            peer = await asyncio.to_thread(lambda: server.accept()[0])
            peer.send(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n")
            await asyncio.to_thread(eventually, lambda: lease.unasked(0.2))
            lease.held = False
            reading = asyncio.create_task(asyncio.to_thread(read_all, peer))
            with pytest.raises(LeaseLost) as lost:
                await call
            assert lost.value.maybe_effect
            assert (await reading)[1]

    with listening() as (server, url):
        run(loop, body())


@on_both_loops
def test_a_long_body_arrives_whole_while_the_lease_is_held(loop: str) -> None:
    async def body() -> None:
        lease = Lease()
        async with client_of(server.base_url, lease) as client:
            fields = {"name": "x" * PIECE_BYTES * 3}
            assert (await client.call(Update("7", fields))).meaning == Done("7")
            assert lease.asked == 4 * ASKS_PER_WRITE

    with counting_first_bytes() as server:
        run(loop, body())


@on_both_loops
def test_nothing_of_a_request_leaves_after_its_deadline(loop: str) -> None:
    async def body() -> None:
        async with RestClient(connection(url), Lookup(), Lease()) as client:
            response = await client.call(Update("7", {"name": "x" * LONG_BYTES}))
            assert response.meaning == RetryLater("timeout")
            assert response.maybe_effect

    with listening() as (server, url):
        run(loop, body())
        _, reset = read_all(server.accept()[0])
    assert reset


@on_both_loops
def test_a_streamed_body_asks_for_each_part(loop: str) -> None:
    lease = Lease()

    async def parts() -> Any:
        yield b"first"
        lease.held = False
        yield b"second"

    async def body() -> None:
        session = LeasedSession(lease, {})
        with pytest.raises(LeaseLost) as lost, watched():
            await session.send("POST", server.base_url, parts(), 1000)
        assert lost.value.maybe_effect
        await session.close()

    with counting_first_bytes() as server:
        run(loop, body())
        assert lease.asked == ASKS_PER_WRITE + 1
