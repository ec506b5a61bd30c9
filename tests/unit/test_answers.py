"""What a destination's answers mean: plain functions, no network."""

from __future__ import annotations

import pytest

from processors.correlation.calls import (
    Answer,
    Call,
    Create,
    Done,
    Find,
    Found,
    Gone,
    Update,
)
from processors.correlation.rules import Lookup
from processors.delivery.verdict import Rejected, RetryLater
from processors.rest.answers import Reader, classify, retry_after_seconds
from processors.rest.connection import Requests

REQUESTS = Requests.model_validate(
    {
        "find": {"path": "/c", "query": {"email": "{email}"}},
        "create": {"path": "/c"},
        "update": {"path": "/c/{id}"},
        "deactivate": {"path": "/c/{id}", "body": {"status": "off"}},
        "delete": {"path": "/c/{id}", "method": "DELETE"},
    }
)
FIND, CREATE, UPDATE = Find("ann@example.com"), Create({}), Update("1", {})


def meaning(
    call: Call, status: int, body: bytes = b"{}", retry_after: str | None = None
) -> Answer | RetryLater | Rejected:
    headers = {} if retry_after is None else {"retry-after": retry_after}
    return classify(call, status, headers, body, Reader(REQUESTS, Lookup()))


@pytest.mark.parametrize(
    ("call", "status", "body", "expected"),
    [
        (UPDATE, 200, b"", Done("1")),
        (UPDATE, 204, b"", Done("1")),
        (UPDATE, 404, b"", Gone()),
        (UPDATE, 410, b"", Gone()),
        (CREATE, 201, b'{"id": "n1"}', Done("n1")),
        (CREATE, 200, b'{"id": 12}', Done("12")),
        (FIND, 404, b"", Found(())),
        (FIND, 200, b"[]", Found(())),
        (FIND, 200, b'[{"id": "1", "email": "Ann@Example.com"}]', Found(("1",))),
        (FIND, 200, b'[{"id": "1", "email": "joann@example.com"}]', Found(())),
        (UPDATE, 400, b"", Rejected("rejected", "HTTP 400")),
        (UPDATE, 422, b"", Rejected("rejected", "HTTP 422")),
        (CREATE, 404, b"", Rejected("rejected", "HTTP 404")),
        (UPDATE, 503, b"", RetryLater("HTTP 503")),
        (UPDATE, 401, b"", RetryLater("HTTP 401")),
        (UPDATE, 302, b"", RetryLater("HTTP 302: redirects are not followed")),
    ],
)
def test_each_answer_has_one_meaning(
    call: Call, status: int, body: bytes, expected: object
) -> None:
    assert meaning(call, status, body) == expected


@pytest.mark.parametrize(
    ("call", "body"),
    [
        (FIND, b"<html>"),
        (FIND, b'{"id": 1}'),
        (FIND, b'[{"id": "../x", "email": "ann@example.com"}]'),
        (FIND, b"[" * 100_000),
        (CREATE, b"<html>"),
        (CREATE, b'{"id": "a/b"}'),
        (CREATE, b'{"id": true}'),
        (CREATE, b"{}"),
    ],
)
def test_an_answer_that_cannot_be_trusted_is_a_failed_call(
    call: Call, body: bytes
) -> None:
    assert isinstance(meaning(call, 200, body), RetryLater)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, 0.0),
        ("2", 2.0),
        ("0.5", 0.5),
        ("-3", 0.0),
        ("nan", 0.0),
        ("999999", 3600.0),
        ("Thu, 01 Jan 1970 00:01:40 GMT", 100.0),
        ("Wed, 31 Dec 1969 00:00:00 GMT", 0.0),
        ("soon", 0.0),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_never_more_than_an_hour(
    value: str | None, seconds: float
) -> None:
    assert retry_after_seconds(value, now=0.0) == seconds


def test_a_busy_destination_names_the_wait() -> None:
    assert meaning(UPDATE, 429, retry_after="7") == RetryLater("HTTP 429", 7.0)
