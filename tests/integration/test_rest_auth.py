"""Who we are to a destination, over real connections."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from processors.correlation.calls import Done, Find
from processors.delivery.verdict import Unavailable
from processors.rest.secret import Secret
from tests.support.answering import Got, Said, answering
from tests.support.clients import (
    SECRET,
    UPDATE,
    client_of,
    secret,
)


@pytest.mark.parametrize(
    ("auth", "name", "value"),
    [
        ({"token": secret()}, "authorization", f"Bearer {SECRET}"),
        (
            {"type": "basic", "username": "mé", "password": secret()},
            "authorization",
            "Basic " + base64.b64encode(f"mé:{SECRET}".encode()).decode(),
        ),
        (
            {"type": "header", "name": "X-Api-Key", "value": secret()},
            "x-api-key",
            SECRET,
        ),
    ],
)
async def test_each_kind_of_auth_has_its_header(
    auth: dict[str, Any], name: str, value: str
) -> None:
    async with (
        answering([Said(200, [])]) as server,
        client_of(server.base_url, auth) as client,
    ):
        await client.call(Find("a@x"))

    assert server.got[0].headers[name] == value


async def test_a_changed_mounted_secret_is_taken_when_the_old_one_is_refused(
    tmp_path: Path,
) -> None:
    file = tmp_path / "token"
    file.write_text("old")

    def answer(got: Got) -> Said:
        new = got.headers["authorization"] == "Bearer new"
        return Said(200 if new else 401, {})

    auth = {"token": Secret(file.read_text)}
    async with answering(answer) as server, client_of(server.base_url, auth) as client:
        refused = await client.call(UPDATE)
        asked_of_the_old = len(server.got)
        file.write_text("new")
        taken = await client.call(UPDATE)
        file.unlink()
        still = await client.call(UPDATE)

    assert refused.meaning == Unavailable("auth", "HTTP 401")
    assert asked_of_the_old == 1
    assert taken.meaning == still.meaning == Done("1")
