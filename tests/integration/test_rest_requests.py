"""What leaves for a destination: real requests to a real server on this machine."""

from __future__ import annotations

from typing import Any

import pytest

from processors.correlation.calls import (
    Conflict,
    Create,
    Deactivate,
    Delete,
    Done,
    Fetch,
    Fetched,
    Find,
    Found,
    Gone,
    Update,
)
from processors.correlation.rules import Lookup
from processors.delivery.verdict import Rejected, RetryLater, Unavailable
from processors.rest.client import Response, RestClient
from tests.support.answering import Got, Said, Server, answering
from tests.support.destination import connection

EMAILS = [
    "a&b=c@example.com",
    "a+b@example.com",
    "o'neil@example.com",
    '"a b"@example.com',
    "ünï@exämple.com",
    "a%2e@example.com",
    "a#b?c@example.com",
    "x@example.com/../admin",
]
IDS = [
    *("../admin", "..", ".", "%2e%2e/x", "1?role=admin", "1#x", "a/b", "", "a\\b"),
    *("x" * 10_240, "a\u200fb", "a\u202eb", "a b", "a\nb", "\u0000"),
]
TOLERANT = Lookup(id_pattern=r"(?s).*", user_id_field="auth0_user_id")


async def called(
    server: Server, call: Any, lookup: Lookup = TOLERANT, **changes: Any
) -> Response:
    made = connection(server.base_url + "/v1", timeout_seconds=5.0, **changes)
    targets = ("email", "name")
    async with RestClient(made, lookup, lambda: True, targets=targets) as client:
        return await client.call(call)


def requests(**changes: Any) -> dict[str, Any]:
    plain = connection("http://x").requests.model_dump(exclude_defaults=True)
    return {**plain, **changes}


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


async def test_an_id_may_be_in_the_location_alone() -> None:
    located = requests(create={"path": "/c", "id_from": "location"})
    answers = [
        Said(201, None, {"location": "/v1/contacts/42/"}),
        Said(201, None, {"location": "https://evil.test/v1/contacts/..%2Fadmin"}),
        Said(201, None),
    ]
    async with answering(answers) as server:
        made = [await called(server, Create({}), requests=located) for _ in answers]

    assert made[0].meaning == Done("42")
    assert isinstance(made[1].meaning, RetryLater)
    assert isinstance(made[2].meaning, RetryLater)


async def test_a_record_is_fetched_with_its_types_or_is_gone() -> None:
    shaped = requests(fetch={"path": "/contacts/{id}"}, fields_at="properties")
    record = {"id": 1, "properties": {"name": None, "tags": [1]}}
    async with answering([Said(200, record), Said(404)]) as server:
        held = await called(server, Fetch("1"), requests=shaped)
        gone = await called(server, Fetch("1"), requests=shaped)

    assert held.meaning == Fetched({"name": None, "tags": [1]})
    assert gone.meaning == Gone()


@pytest.mark.parametrize(
    ("call", "status", "body", "expected"),
    [
        (Create({}), 400, "Contact already EXISTS", Conflict()),
        (Create({}), 400, "bad email", Rejected("rejected", "HTTP 400")),
        (Create({}), 409, "", Conflict()),
        (Update("1", {}), 400, "already exists", RetryLater("HTTP 400")),
        (
            Update("1", {}),
            403,
            "REQUEST_LIMIT_EXCEEDED",
            Unavailable("limited", "HTTP 403"),
        ),
        (Update("1", {}), 403, "bad token", Unavailable("auth", "HTTP 403")),
        (Update("1", {}), 400, "ENTITY_IS_DELETED", Gone()),
        (Find("a@x"), 400, "ENTITY_IS_DELETED", Found(())),
        (Delete("1"), 405, "<html>", Done("1")),
        (Update("1", {}), 422, "", RetryLater("HTTP 422")),
        (Create({}), 200, '{"error": "dropped"}', Rejected("rejected", "HTTP 200")),
    ],
)
async def test_the_errors_of_the_file_win_over_the_usual_meaning(
    call: Any, status: int, body: str, expected: Any
) -> None:
    errors = {
        "400:already exists": "conflict",
        "403:REQUEST_LIMIT": "limited",
        "403": "auth",
        "*:ENTITY_IS_DELETED": "gone",
        "405": "ok",
        "422": "retry",
        '200:"error"': "permanent",
    }
    async with answering([Said(status, body.encode())]) as server:
        response = await called(server, call, errors=errors)

    assert response.meaning == expected


async def test_only_the_statuses_of_the_file_are_success_where_it_names_some() -> None:
    picky = requests(create={"path": "/c", "success": [201]})
    async with answering([Said(200, {"id": 1}), Said(201, {"id": 1})]) as server:
        other = await called(server, Create({}), requests=picky)
        named = await called(server, Create({}), requests=picky)

    assert other.meaning == RetryLater("HTTP 200: not in success")
    assert named.meaning == Done("1")


@pytest.mark.parametrize(
    "call", [Find("a@x"), Create({}), Update("1", {}), Delete("1")]
)
async def test_html_with_200_is_a_call_to_repeat(call: Any) -> None:
    async with answering([Said(200, b"<html>log in</html>")]) as server:
        response = await called(server, call)

    assert isinstance(response.meaning, RetryLater)


async def test_an_answer_of_100_mb_is_cut_at_the_cap() -> None:
    async with answering([Said(200, b"[" + b" " * 100_000_000 + b"]")]) as server:
        response = await called(server, Find("a@x"))

    assert response.meaning == RetryLater("bad answer: too long")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_takes_neither_token_nor_body_to_another_host(
    status: int,
) -> None:
    async with answering([Said(200, {})]) as elsewhere:
        location = {"location": f"{elsewhere.base_url}/v1/contacts/1"}
        async with answering([Said(status, None, location)]) as server:
            response = await called(server, Update("1", {"name": "x"}))

    assert isinstance(response.meaning, RetryLater)
    assert elsewhere.got == []
