"""Look-ups whose answer has pages: each hit counts, and no page lies elsewhere."""

from __future__ import annotations

from typing import Any

import pytest

from processors.correlation.calls import Find, Found
from processors.correlation.rules import Lookup
from processors.delivery.verdict import RetryLater
from processors.rest.client import AtOnce, Response, RestClient
from tests.support.answering import Got, Said, Server, answering
from tests.support.calling import requests
from tests.support.destination import connection

EMAIL = "a@example.com"


class Counted(AtOnce):
    """Counts how often it was asked."""

    waits = 0

    async def wait(self, operation: str) -> object:
        assert operation == "find"
        self.waits += 1
        return True


async def looked_up(server: Server, find: dict[str, Any]) -> Response:
    pace = Counted()
    made = connection(
        f"{server.base_url}/v1", timeout_seconds=5.0, requests=requests(find=find)
    )
    async with RestClient(made, Lookup(), lambda: True, pace=pace) as client:
        response = await client.call(Find(EMAIL))
    # Each request but the first waits for the budget, like a call of its own.
    assert pace.waits == max(0, len(server.got) - 1)
    return response


def hit(number: int) -> dict[str, Any]:
    return {"id": number, "email": EMAIL}


LINKED = {
    "path": "/contacts",
    "query": {"email": "{email}"},
    "items": "results",
    "next": {"link": "paging.next", "pages_max": 3},
}


async def test_links_are_followed_whether_whole_or_a_path() -> None:
    def answer(got: Got) -> Said:
        page = int(got.query.get("page", "1"))
        path = f"/v1/contacts?page={page + 1}"
        link = [None, f"{server.base_url}{path}", path, None][page]
        return Said(200, {"results": [hit(page)], "paging": {"next": link}})

    async with answering(answer) as server:
        response = await looked_up(server, LINKED)

    assert response.meaning == Found(("1", "2", "3"))
    assert {got.headers["authorization"] for got in server.got} == {
        "Bearer crm-token-of-a-test"
    }


@pytest.mark.parametrize(
    "link",
    [
        "{elsewhere}/v1/contacts?page=2",
        "//127.0.0.1:9/v1/contacts",
        "/admin",
        "/v1/../admin",
        "/v1/%2e%2e/admin",
        "/v1evil/contacts",
        "http://me:you@127.0.0.1/v1/contacts",
        "/v1/contacts\r\nX-Admin: 1",
        "file:///etc/passwd",
        7,
    ],
)
async def test_a_next_page_elsewhere_is_never_asked_for(link: Any) -> None:
    async with answering([Said(200, {"results": []})]) as elsewhere:
        if isinstance(link, str):
            link = link.replace("{elsewhere}", elsewhere.base_url)
        page = {"results": [hit(1)], "paging": {"next": link}}
        async with answering([Said(200, page), Said(200, {"results": []})]) as server:
            response = await looked_up(server, LINKED)

        assert isinstance(response.meaning, RetryLater)
        assert len(server.got) == 1
        assert elsewhere.got == []


async def test_a_cursor_is_a_parameter_of_the_same_query() -> None:
    find = {
        "path": "/customers",
        "query": {"email": "{email}"},
        "items": "data",
        "next": {
            "cursor": "data.-1.id",
            "parameter": "starting_after",
            "only_if": "has_more",
        },
    }
    answers = [
        Said(200, {"data": [hit(1), hit(2)], "has_more": True}),
        Said(200, {"data": [hit(3)], "has_more": False}),
    ]
    async with answering(answers) as server:
        response = await looked_up(server, find)

    assert response.meaning == Found(("1", "2", "3"))
    assert [got.query for got in server.got] == [
        {"email": EMAIL},
        {"email": EMAIL, "starting_after": "2"},
    ]


async def test_a_cursor_of_a_look_up_by_post_is_a_part_of_its_body() -> None:
    find = {
        "method": "POST",
        "path": "/contacts/search",
        "body": {"query": {"field": "email", "value": "{email}"}},
        "items": "data",
        "next": {
            "cursor": "pages.next.starting_after",
            "parameter": "pagination.starting_after",
        },
    }
    answers = [
        Said(200, {"data": [hit(1)], "pages": {"next": {"starting_after": "c&2"}}}),
        Said(200, {"data": [], "pages": {"next": None}}),
    ]
    async with answering(answers) as server:
        response = await looked_up(server, find)

    assert response.meaning == Found(("1",))
    assert server.got[0].json == {"query": {"field": "email", "value": EMAIL}}
    assert server.got[1].json["pagination"] == {"starting_after": "c&2"}


async def test_pages_without_end_are_a_failed_call() -> None:
    page = {"results": [hit(1)], "paging": {"next": "/v1/contacts?again"}}
    async with answering([Said(200, page)]) as server:
        response = await looked_up(server, LINKED)

    assert response.meaning == RetryLater("bad answer: too many pages")
    assert len(server.got) == 3
