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
    Done,
    Find,
    Found,
    Gone,
    Update,
)
from processors.correlation.rules import Lookup
from processors.delivery.verdict import Rejected, RetryLater
from processors.rest.budget import Budget
from processors.rest.client import Response, RestClient
from processors.rest.connection import Connection, Limits
from tests.support.odd_server import Answer, odd_server
from tests.support.sandbox_crm import SandboxCrm, crm

__all__ = ["crm"]
TIMEOUT_SECONDS = 0.5


def connection(base_url: str, **changes: Any) -> Connection:
    return Connection.model_validate(
        {
            "base_url": base_url,
            "timeout_seconds": TIMEOUT_SECONDS,
            "auth": {"token": "crm-token-of-a-test"},
            "limits": {"rates": [{"calls": 1000, "per_seconds": 1}]},
            "requests": {
                "find": {"path": "/contacts", "query": {"email": "{email}"}},
                "create": {"path": "/contacts"},
                "update": {"path": "/contacts/{id}"},
                "deactivate": {
                    "path": "/contacts/{id}",
                    "body": {"status": "deactivated"},
                },
                "delete": {"path": "/contacts/{id}"},
            },
            **changes,
        }
    )


async def called(base_url: str, call: Any, **changes: Any) -> Response:
    async with RestClient(connection(base_url, **changes), Lookup()) as client:
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
    async with RestClient(connection(crm.base_url), Lookup()) as client:
        made = (await client.call(Create({"email": "a+b&c=d@example.com"}))).meaning
        assert isinstance(made, Done)
        found = await client.call(Find("A+b&c=d@example.com"))
        await client.call(Update(made.record_id, {"name": "Ünï"}))
        await client.call(Deactivate(made.record_id))

    contact = crm.contact(made.record_id)
    assert contact is not None
    assert found.meaning == Found((made.record_id,))
    assert (contact["name"], contact["status"]) == ("Ünï", "deactivated")


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
    assert time.monotonic() - started < TIMEOUT_SECONDS + 2


async def test_broken_json_is_a_call_to_repeat(crm: SandboxCrm) -> None:
    crm.put_faults({"kind": "broken_json"})

    response = await called(crm.base_url, Create({"email": "a@example.com"}))

    assert isinstance(response.meaning, RetryLater)


async def test_nobody_listening_is_a_call_to_repeat() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    response = await called(f"http://127.0.0.1:{port}", Find("a@example.com"))

    assert isinstance(response.meaning, RetryLater)


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
    assert server.requests == []


async def test_calls_are_spaced_so_that_no_window_holds_more_than_allowed() -> None:
    rates = [{"calls": 20, "per_seconds": 1}, {"calls": 5, "per_seconds": 0.2}]
    budget = Budget(Limits.model_validate({"rates": rates}))
    at: list[float] = []
    for _ in range(30):
        await budget.wait()
        at.append(time.monotonic())

    for first, last in zip(at, at[20:], strict=False):
        assert last - first >= 0.95
