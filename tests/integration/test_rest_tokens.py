"""OAuth2 tokens, over real connections: no secret goes elsewhere."""

from __future__ import annotations

import asyncio
import base64

import pytest

from processors.correlation.calls import Done, Find, Found
from processors.correlation.rules import Lookup
from processors.delivery.verdict import RetryLater, Unavailable
from processors.rest.client import AtOnce, RestClient
from processors.rest.transport import LeaseLost
from tests.support.answering import Got, Said, answering, turn
from tests.support.clients import (
    SECRET,
    UPDATE,
    client_of,
    credentials,
    giving,
    token,
)
from tests.support.destination import connection


async def test_many_calls_wait_for_one_token_and_share_it() -> None:
    async def slowly(got: Got) -> Said:
        await turn()
        return giving(token("t1", expires_in=3600))(got)

    async with (
        answering(slowly) as server,
        client_of(server.base_url, credentials(scope="crm.write crm.read")) as client,
    ):
        calls = [client.call(UPDATE) for _ in range(30)]
        responses = await asyncio.gather(*calls)

    assert {response.meaning for response in responses} == {Done("1")}
    asked = [got for got in server.got if got.path == "/oauth/token"]
    assert len(asked) == 1
    assert asked[0].form == {
        "grant_type": ["client_credentials"],
        "scope": ["crm.write crm.read"],
        "client_id": ["me"],
        "client_secret": [SECRET],
    }
    assert "authorization" not in asked[0].headers
    others = [got for got in server.got if got.path != "/oauth/token"]
    assert {got.headers["authorization"] for got in others} == {"Bearer t1"}


async def test_the_client_may_say_who_it_is_in_a_header() -> None:
    auth = credentials(client_in="header")
    async with (
        answering(giving(token("t1"))) as server,
        client_of(server.base_url, auth) as client,
    ):
        await client.call(UPDATE)

    both = base64.b64encode(f"me:{SECRET}".encode()).decode()
    assert server.got[0].headers["authorization"] == f"Basic {both}"
    assert server.got[0].form == {"grant_type": ["client_credentials"]}


async def test_a_token_that_ends_soon_is_renewed_and_one_that_lasts_is_not() -> None:
    gives = giving(token("t1", expires_in=0), token("t2", expires_in=3600))
    async with (
        answering(gives) as server,
        client_of(server.base_url, credentials()) as client,
    ):
        for _ in range(3):
            await client.call(UPDATE)

    used = [got.headers.get("authorization") for got in server.got]
    assert used == [None, "Bearer t1", None, "Bearer t2", "Bearer t2"]


async def test_a_refused_token_is_renewed_once_for_all_and_the_call_made_again() -> (
    None
):
    tokens = giving(token("t1"), token("t2"))

    def answer(got: Got) -> Said:
        if got.path != "/oauth/token" and got.headers["authorization"] == "Bearer t1":
            return Said(401)
        return tokens(got)

    async with (
        answering(answer) as server,
        client_of(server.base_url, credentials()) as client,
    ):
        responses = await asyncio.gather(*(client.call(UPDATE) for _ in range(20)))

    assert {response.meaning for response in responses} == {Done("1")}
    assert [got.path for got in server.got].count("/oauth/token") == 2


async def test_a_new_token_that_is_refused_too_is_a_fault_of_the_destination() -> None:
    def answer(got: Got) -> Said:
        return token("t") if got.path == "/oauth/token" else Said(401)

    async with (
        answering(answer) as server,
        client_of(server.base_url, credentials()) as client,
    ):
        response = await client.call(UPDATE)

    assert response.meaning == Unavailable("auth", "HTTP 401")
    assert [got.path for got in server.got].count("/oauth/token") == 2
    assert len(server.got) == 4


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (
            Said(400, {"error": "invalid_client"}),
            Unavailable("auth", "token: HTTP 400"),
        ),
        (Said(401), Unavailable("auth", "token: HTTP 401")),
        (
            Said(429, None, {"retry-after": "7"}),
            Unavailable("limited", "token: HTTP 429", 7.0),
        ),
        (Said(503), Unavailable("unreachable", "token: HTTP 503")),
        (Said(200, b"<html>"), Unavailable("unreachable", "token: bad answer")),
        (Said(200, []), Unavailable("unreachable", "token: bad answer")),
        (
            Said(200, {"access_token": 1}),
            Unavailable("unreachable", "token: bad answer"),
        ),
        (token("a\r\nX-Admin: 1"), Unavailable("unreachable", "token: bad answer")),
        (token("t", token_type="mac"), Unavailable("unreachable", "token: bad answer")),
        (token("t" * 70_000), Unavailable("unreachable", "token: bad answer")),
    ],
)
async def test_without_a_token_no_call_is_made_and_all_who_wait_learn_it_at_once(
    said: Said, expected: Unavailable
) -> None:
    async with (
        answering([said]) as server,
        client_of(server.base_url, credentials()) as client,
    ):
        responses = await asyncio.gather(*(client.call(UPDATE) for _ in range(10)))

    assert {response.meaning for response in responses} == {expected}
    assert {response.maybe_effect for response in responses} == {False}
    assert [got.path for got in server.got] == ["/oauth/token"]


async def test_the_client_s_secret_follows_no_redirect() -> None:
    async with answering([token("t")]) as elsewhere:
        moved = Said(307, None, {"location": f"{elsewhere.base_url}/oauth/token"})
        async with (
            answering([moved]) as server,
            client_of(server.base_url, credentials()) as client,
        ):
            response = await client.call(UPDATE)

    assert response.meaning == Unavailable("unreachable", "token: HTTP 307")
    assert elsewhere.got == []


async def test_a_token_of_another_host_goes_to_the_destination_only() -> None:
    async with answering([token("t1")]) as giver, answering([Said(200, {})]) as server:
        auth = credentials(f"{giver.base_url}/oauth/token")
        async with client_of(server.base_url, auth) as client:
            await client.call(UPDATE)

    assert [got.headers.get("authorization") for got in giver.got] == [None]
    assert [got.headers["authorization"] for got in server.got] == ["Bearer t1"]
    assert SECRET not in str(server.got)


async def test_no_token_is_asked_for_without_the_lease() -> None:
    async with (
        answering([token("t1")]) as server,
        client_of(server.base_url, credentials(), lambda: False) as client,
    ):
        with pytest.raises(LeaseLost) as lost:
            await client.call(UPDATE)

    assert not lost.value.maybe_effect
    assert server.got == []


async def test_a_lease_lost_after_the_token_has_had_no_effect() -> None:
    held = True

    def answer(_: Got) -> Said:
        nonlocal held
        held = False
        return token("t1")

    async with (
        answering(answer) as server,
        client_of(server.base_url, credentials(), lambda: held) as client,
    ):
        with pytest.raises(LeaseLost) as lost:
            await client.call(UPDATE)

    assert not lost.value.maybe_effect
    assert [got.path for got in server.got] == ["/oauth/token"]


async def test_a_cancelled_renewal_is_taken_over_by_one_who_waits() -> None:
    entered, asked = asyncio.Event(), 0

    async def answer(got: Got) -> Said:
        nonlocal asked
        if got.path != "/oauth/token":
            return Said(200, {})
        asked += 1
        if asked == 1:
            entered.set()
            await asyncio.Event().wait()
        return token("t1")

    async with (
        answering(answer) as server,
        client_of(server.base_url, credentials()) as client,
    ):
        first = asyncio.create_task(client.call(UPDATE))
        await entered.wait()
        second = asyncio.create_task(client.call(UPDATE))
        await turn()
        first.cancel()
        response = await second

    assert response.meaning == Done("1")
    assert first.cancelled() or first.cancelling()


async def test_a_renewal_without_end_ends_at_the_call_s_deadline() -> None:
    async def never(_: Got) -> Said:
        await asyncio.Event().wait()
        return Said()

    async with answering(never) as server:
        made = connection(server.base_url, auth=credentials(), timeout_seconds=0.3)
        async with RestClient(made, Lookup(), lambda: True) as client:
            response = await client.call(UPDATE)

    assert response.meaning == Unavailable("unreachable", "no connection in time")
    assert not response.maybe_effect


async def test_what_the_file_calls_auth_renews_the_token_too() -> None:
    tokens = giving(token("t1"), token("t2"))

    def answer(got: Got) -> Said:
        if got.headers.get("authorization") == "Bearer t1":
            return Said(403, {"errorCode": "INVALID_SESSION_ID"})
        return tokens(got)

    errors = {"403:INVALID_SESSION_ID": "auth"}
    async with (
        answering(answer) as server,
        client_of(server.base_url, credentials(), errors=errors) as client,
    ):
        found = await client.call(Find("a@x"))

    assert found.meaning == Found(())
    assert not isinstance(found.meaning, RetryLater)


class Asked(AtOnce):
    """Lets every request leave at once, and notes which asked to."""

    def __init__(self) -> None:
        self.operations: list[str] = []

    async def wait(self, operation: str) -> object:
        self.operations.append(operation)
        return await super().wait(operation)


@pytest.mark.parametrize(("at", "asked"), [("", ["token"]), ("elsewhere", [])])
async def test_a_request_for_a_token_is_counted_where_the_destination_gives_it(
    at: str, asked: list[str]
) -> None:
    pace = Asked()
    async with answering(giving(token("t1"))) as server:
        before = server.base_url if at else ""
        auth = credentials(f"{before}/oauth/token")
        made = connection(server.base_url, auth=auth)
        async with RestClient(made, Lookup(), lambda: True, pace=pace) as client:
            await client.call(UPDATE)

    assert pace.operations == asked
