"""The real connector against the example CRM and against servers that misbehave."""

from __future__ import annotations

import asyncio
import socket
import time
from typing import Any

import pytest

from processors.correlation.calls import (
    Create,
    Deactivate,
    Delete,
    Done,
    Find,
    Found,
    Gone,
    Restore,
    Update,
)
from processors.correlation.rules import Lookup
from processors.delivery.verdict import Rejected, RetryLater, Unavailable
from processors.rest.client import Response, RestClient
from tests.support.destination import TIMEOUT_SECONDS, connection
from tests.support.first_bytes import counting_first_bytes
from tests.support.odd_server import Answer, odd_server
from tests.support.sandbox_crm import SandboxCrm, crm

__all__ = ["crm"]


def held() -> bool:
    return True


async def called(base_url: str, call: Any, **changes: Any) -> Response:
    async with RestClient(connection(base_url, **changes), Lookup(), held) as client:
        return await client.call(call)


def answering(raw: bytes) -> Answer:
    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(raw)
        await writer.drain()

    return answer


def http(body: bytes, status: str = "200 OK", headers: str = "") -> bytes:
    head = f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\n{headers}\r\n"
    return head.encode() + body


async def test_every_call_does_at_the_crm_what_it_says(crm: SandboxCrm) -> None:
    async with RestClient(connection(crm.base_url), Lookup(), held) as client:
        made = (await client.call(Create({"email": "a+b&c=d@example.com"}))).meaning
        assert isinstance(made, Done)
        found = await client.call(Find("A+b&c=d@example.com"))
        await client.call(Update(made.record_id, {"name": "Ünï"}))
        await client.call(Deactivate(made.record_id))
        contact = crm.contact(made.record_id)
        await client.call(Restore(made.record_id))
        restored = crm.contact(made.record_id)
        await client.call(Delete(made.record_id))

    assert found.meaning == Found((made.record_id,))
    assert contact is not None
    assert restored is not None
    assert (contact["name"], contact["status"]) == ("Ünï", "deactivated")
    assert restored["status"] == "active"
    assert crm.contact(made.record_id) is None


async def test_a_record_that_is_not_there_is_gone(crm: SandboxCrm) -> None:
    response = await called(crm.base_url, Update("nobody", {"name": "x"}))

    assert response.meaning == Gone()
    assert response.status == 404


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "error", "slow"])
async def test_a_fault_of_the_crm_is_a_call_to_repeat(
    crm: SandboxCrm, kind: str
) -> None:
    contact = crm.add(email="a@example.com")
    crm.put_faults({"kind": kind})
    started = time.monotonic()

    response = await called(crm.base_url, Update(contact["id"], {"name": "x"}))

    assert isinstance(response.meaning, RetryLater)
    assert response.maybe_effect
    assert time.monotonic() - started < TIMEOUT_SECONDS + 2


async def test_broken_json_is_a_call_to_repeat(crm: SandboxCrm) -> None:
    crm.put_faults({"kind": "broken_json"})

    response = await called(crm.base_url, Create({"email": "a@example.com"}))

    assert isinstance(response.meaning, RetryLater)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_nobody_listening_is_unreachable_without_effect() -> None:
    response = await called(f"http://127.0.0.1:{free_port()}", Find("a@example.com"))

    assert response.meaning == Unavailable("unreachable", "connection refused")
    assert not response.maybe_effect


async def test_a_name_that_no_resolver_knows_is_unreachable_without_effect() -> None:
    too_long_to_be_asked_for = "a." * 126 + "invalid"

    response = await called(f"http://{too_long_to_be_asked_for}", Create({}))

    assert response.meaning == Unavailable("unreachable", "DNS")
    assert not response.maybe_effect


async def test_a_certificate_nobody_vouches_for_is_unreachable_without_effect() -> None:
    with counting_first_bytes("https") as server:
        response = await called(server.base_url, Create({}))

        assert response.meaning == Unavailable("unreachable", "TLS")
        assert not response.maybe_effect
        assert server.requests == []


async def test_a_server_without_tls_is_unreachable_over_https() -> None:
    async with odd_server(answering(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as server:
        https = server.base_url.replace("http:", "https:")
        response = await called(https, Create({}))

    assert isinstance(response.meaning, Unavailable)
    assert not response.maybe_effect


async def test_a_handshake_without_end_is_unreachable_without_effect() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        response = await called(
            f"https://127.0.0.1:{silent.getsockname()[1]}", Create({})
        )

    assert response.meaning == Unavailable("unreachable", "no connection in time")
    assert not response.maybe_effect


async def test_a_request_without_answer_may_have_had_an_effect() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        response = await called(
            f"http://127.0.0.1:{silent.getsockname()[1]}", Create({})
        )

    assert response.meaning == RetryLater("timeout")
    assert response.maybe_effect


async def test_a_server_that_ends_after_a_request_may_have_carried_it_out() -> None:
    """aiohttp sends a DELETE again, whose connection was kept, and meets nobody."""
    server: asyncio.Server
    left = [True, False]

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in left:
            await reader.readuntil(b"\r\n\r\n")
            if left.pop(0):
                writer.write(http(b"{}"))
        server.close()
        writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with RestClient(connection(base_url), Lookup(), held) as client:
        first = await client.call(Delete("7"))
        second = await client.call(Delete("7"))

    assert first.meaning == Done("7")
    assert second.meaning == Unavailable("unreachable", "connection refused")
    assert second.maybe_effect


async def test_what_is_no_http_is_a_call_to_repeat() -> None:
    async with odd_server(answering(b"220 mail.example.com ESMTP\r\n")) as server:
        response = await called(server.base_url, Find("a@example.com"))

    assert isinstance(response.meaning, RetryLater)
    assert response.maybe_effect


async def test_a_redirect_is_not_followed_and_takes_no_token_along() -> None:
    async with odd_server(answering(http(b"[]"))) as elsewhere:
        location = f"location: {elsewhere.base_url}/contacts\r\n"
        redirect = http(b"", "302 Found", location)
        async with odd_server(answering(redirect)) as server:
            response = await called(server.base_url, Find("a@example.com"))

    assert isinstance(response.meaning, RetryLater)
    assert elsewhere.requests == []


async def test_an_answer_without_end_is_cut_at_the_cap() -> None:
    async def endless(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x" * 65_536)
            await writer.drain()

    async with odd_server(endless) as server:
        response = await called(
            server.base_url,
            Find("a@example.com"),
            timeout_seconds=10.0,
            answer_bytes_max=200_000,
        )

    assert response.meaning == RetryLater("bad answer: too long")
    assert response.seconds < 5


async def test_one_byte_at_a_time_ends_at_the_deadline() -> None:
    async def drip(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
        while True:
            writer.write(b"[")
            await writer.drain()
            await asyncio.sleep(TIMEOUT_SECONDS / 10)

    async with odd_server(drip) as server:
        response = await called(server.base_url, Find("a@example.com"))

    assert response.meaning == RetryLater("timeout")
    assert response.seconds < TIMEOUT_SECONDS + 1


async def test_html_with_200_is_no_list_of_records() -> None:
    async with odd_server(answering(http(b"<html>login</html>"))) as server:
        response = await called(server.base_url, Find("a@example.com"))

    assert isinstance(response.meaning, RetryLater)


async def test_an_id_that_would_leave_the_path_is_never_sent() -> None:
    async with odd_server(answering(http(b"{}"))) as server:
        response = await called(server.base_url, Update("..", {"name": "x"}))

    assert isinstance(response.meaning, Rejected)
    assert not response.maybe_effect
    assert server.requests == []
