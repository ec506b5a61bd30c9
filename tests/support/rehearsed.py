"""Reads what `keepstep try` printed."""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

from tests.support.operating import Done
from tests.support.recorder import Made

ANSWER = "  -> "
NOT_SENT = f"{ANSWER}not sent"


class Call(NamedTuple):
    """A call to be compared: JSON as values, a form as text."""

    method: str
    path: str
    body: Any


class Rehearsed(NamedTuple):
    """The calls that an event would make, which of them were asked, and its end."""

    calls: list[Call]
    asked: list[Call]
    end: str


def call_of(made: Made) -> Call:
    """Return the call that reached a destination, as `try` would print it."""
    return Call(made.method, made.path, _body(made.body.decode()))


def rehearsed(done: Done, base_url: str) -> Rehearsed:
    """Return what *done* says of calls below *base_url*."""
    assert done.code == 0, done.err
    *lines, end = done.out.splitlines()
    calls: list[Call] = []
    asked: list[Call] = []
    heading, body = "", list[str]()
    for line in lines:
        if not line.startswith(ANSWER):
            heading, body = (heading, [*body, line]) if heading else (line, [])
            continue
        found = re.fullmatch(rf"([A-Z]+) {re.escape(base_url)}(/\S*)", heading)
        assert found, heading
        calls.append(Call(found[1], found[2], _body("\n".join(body))))
        if line != NOT_SENT:
            asked.append(calls[-1])
        heading = ""
    return Rehearsed(calls, asked, end)


def _body(text: str) -> Any:
    return json.loads(text) if text.startswith("{") else text
