"""What leaves for a destination: real requests to a real server on this machine."""

from __future__ import annotations

from typing import Any

import pytest

from processors.correlation.calls import (
    Create,
    Deactivate,
    Delete,
    Done,
    Fetch,
    Find,
    Found,
    Update,
)
from processors.correlation.rules import Lookup
from processors.delivery.verdict import Rejected, RetryLater
from tests.support.answering import Got, Said, answering
from tests.support.calling import EMAILS, IDS, called, requests


@pytest.mark.parametrize("record_id", IDS)
@pytest.mark.parametrize("kind", [Fetch, Deactivate, Delete])
async def test_an_id_that_is_none_never_leaves_whatever_the_pattern_allows(
    record_id: str, kind: Any
) -> None:
    fetch = requests(fetch={"path": "/contacts/{id}"})
    async with answering([Said(200, {})]) as server:
        response = await called(server, kind(record_id), requests=fetch)

    assert isinstance(response.meaning, Rejected)
    assert response.meaning.dead_class == "bad_external_id"
    assert not response.maybe_effect
    assert server.got == []


@pytest.mark.parametrize("record_id", ["123", "auth0|1", "a.b", "ü"])
async def test_an_id_is_one_step_of_the_path(record_id: str) -> None:
    async with answering([Said(200, {})]) as server:
        response = await called(server, Update(record_id, {"name": "x"}))

    assert response.meaning == Done(record_id)
    assert server.got[0].path.startswith("/v1/contacts/")
    assert server.got[0].path.count("/") == 3


async def test_an_id_must_match_the_pattern_of_the_file() -> None:
    async with answering([Said(200, {})]) as server:
        response = await called(server, Delete("abc"), Lookup(id_pattern="[0-9]+"))

    assert isinstance(response.meaning, Rejected)
    assert server.got == []


@pytest.mark.parametrize("email", EMAILS)
async def test_an_email_is_one_parameter_and_finds_itself_in_any_case(
    email: str,
) -> None:
    def answer(got: Got) -> Said:
        asked = got.query["email"]
        near = [{"id": 1, "email": f"jo{asked}"}, {"id": 2, "email": asked[1:]}]
        return Said(200, [*near, {"id": 3, "email": asked.upper()}])

    async with answering(answer) as server:
        response = await called(server, Find(email))

    same_in_capitals = email.isascii()
    assert server.got[0].query == {"email": email}
    assert server.got[0].path.startswith("/v1/contacts?email=")
    assert response.meaning == Found(("3",) if same_in_capitals else ())


@pytest.mark.parametrize("email", [*EMAILS[:-1], "a/b@example.com"])
async def test_an_email_in_a_path_is_one_step_of_it(email: str) -> None:
    by_path = requests(find={"path": "/by-email/{email}", "single": True})
    async with answering(lambda _: Said(200, {"id": 7, "email": email})) as server:
        response = await called(server, Find(email), requests=by_path)

    assert response.meaning == Found(("7",))
    assert server.got[0].path.startswith("/v1/by-email/")
    assert server.got[0].path.count("/") == 3
    assert "?" not in server.got[0].path


async def test_an_address_that_unicode_calls_equal_is_another_address() -> None:
    hits = [{"id": 1, "email": "\u212aim@example.com"}, {"id": 2, "email": "straße@x"}]
    async with answering([Said(200, hits)]) as server:
        kelvin = await called(server, Find("kim@example.com"))
        sharp = await called(server, Find("strasse@x"))

    assert kelvin.meaning == sharp.meaning == Found(())


async def test_a_look_up_says_whose_each_hit_is_and_a_user_id_matches_exactly() -> None:
    finds = requests(
        find_by_user_id={"path": "/contacts", "query": {"auth0_user_id": "{user_id}"}}
    )
    hits = [
        {"id": 1, "email": "a@x", "auth0_user_id": "auth0|1"},
        {"id": 2, "email": "a@x", "auth0_user_id": "AUTH0|1"},
        {"id": 3, "email": "a@x", "auth0_user_id": None},
    ]
    async with answering([Said(200, hits)]) as server:
        by_email = await called(server, Find("a@x"), requests=finds)
        by_user = await called(server, Find("auth0|1", "user_id"), requests=finds)

    owners = {"1": "auth0|1", "2": "AUTH0|1"}
    assert by_email.meaning == Found(("1", "2", "3"), owners)
    assert by_user.meaning == Found(("1",), {"1": "auth0|1"})
    assert server.got[1].query == {"auth0_user_id": "auth0|1"}


@pytest.mark.parametrize(
    "record_id",
    [
        "../admin",
        "a/b",
        "",
        "http://evil.test/1",
        "1?x",
        True,
        1.5,
        None,
        {},
        "x" * 999,
    ],
)
async def test_an_answer_with_an_id_that_is_none_is_a_failed_call(
    record_id: Any,
) -> None:
    hits = [{"id": record_id, "email": "a@example.com"}]
    async with answering([Said(200, hits), Said(201, {"id": record_id})]) as server:
        found = await called(server, Find("a@example.com"))
        made = await called(server, Create({"email": "a@example.com"}))

    assert isinstance(found.meaning, RetryLater)
    assert isinstance(made.meaning, RetryLater)


async def test_fields_go_where_the_file_places_them_over_the_fixed_body() -> None:
    shaped = requests(
        fields_at="properties",
        create={
            "path": "/contacts",
            "body": {"kind": "x", "properties": {"name": "?"}},
        },
    )
    fields = {"name": "Ann", "address.city": "Köln", "age": 7, "gone": None}
    async with answering([Said(201, {"id": 1})]) as server:
        await called(server, Create(fields), requests=shaped)

    assert server.got[0].json == {
        "kind": "x",
        "properties": {
            "name": "Ann",
            "address": {"city": "Köln"},
            "age": 7,
            "gone": None,
        },
    }
    assert server.got[0].headers["content-type"] == "application/json"


async def test_a_form_nests_in_brackets_and_clears_with_an_empty_value() -> None:
    fields = {"metadata.plan": "a&b=c", "phone": None, "active": True}
    form = requests(encoding="form")
    async with answering([Said(201, {"id": 1})]) as server:
        await called(server, Create(fields), requests=form)

    assert server.got[0].form == {
        "metadata[plan]": ["a&b=c"],
        "phone": [""],
        "active": ["true"],
    }
    assert server.got[0].headers["content-type"] == "application/x-www-form-urlencoded"


async def test_templates_of_a_query_language_quote_what_they_take() -> None:
    soql = (
        "SELECT {field_names} FROM C WHERE Email = '{email}' AND {user_id_field} = ''"
    )
    shaped = requests(
        find={"path": "/q", "query": {"q": soql}, "quoting": "soql", "items": "records"}
    )
    async with answering([Said(200, {"records": []})]) as server:
        await called(server, Find("o'neil\\@x' OR Name != '"), requests=shaped)

    assert server.got[0].query["q"] == (
        "SELECT email,name,auth0_user_id FROM C "
        r"WHERE Email = 'o\'neil\\@x\' OR Name != \'' AND auth0_user_id = ''"
    )


async def test_a_value_is_never_a_template_itself() -> None:
    async with answering([Said(200, [])]) as server:
        await called(server, Find("{id}{user_id_field}@x"))

    assert server.got[0].query == {"email": "{id}{user_id_field}@x"}


async def test_static_headers_go_with_every_request() -> None:
    async with answering([Said(200, {})]) as server:
        await called(server, Delete("1"), headers={"X-Version": "2026-10-28"})

    assert server.got[0].headers["x-version"] == "2026-10-28"


async def test_the_same_creation_has_the_same_idempotency_key() -> None:
    keyed = requests(create={"path": "/c", "idempotency_header": "Idempotency-Key"})
    calls = [
        Create({"a": 1}, "e1"),
        Create({"a": 1}, "e1"),
        Create({"a": 2}, "e1"),
        Create({"a": 1}, "e2"),
        Update("1", {"a": 1}),
    ]
    async with answering([Said(201, {"id": 1})]) as server:
        for call in calls:
            await called(server, call, requests=keyed)

    first, again, other_body, other_event, update = [
        got.headers.get("idempotency-key") for got in server.got
    ]
    assert first == again
    assert len({first, other_body, other_event}) == 3
    assert update is None
