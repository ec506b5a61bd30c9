"""What a destination answers, over real connections: data from outside."""

from __future__ import annotations

from typing import Any

import pytest

from processors.correlation.calls import (
    Conflict,
    Create,
    Delete,
    Done,
    Fetch,
    Fetched,
    Find,
    Found,
    Gone,
    Update,
)
from processors.delivery.verdict import Rejected, RetryLater, Unavailable
from tests.support.answering import Said, answering
from tests.support.calling import called, requests


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
