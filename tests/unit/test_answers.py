"""What a destination's answers mean: plain functions, no network."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.correlation.calls import (
    Call,
    Conflict,
    Create,
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
from processors.rest.answers import Classifier, Meaning
from processors.rest.errors import Errors
from processors.rest.reading import Heard, Page, Reader
from processors.rest.slow_down import refused_seconds
from processors.rest.tables import Requests


def retry_after_seconds(value: str | None, now: float) -> float | None:
    headers = {} if value is None else {"retry-after": value}
    return refused_seconds(headers, b"", now)


REQUESTS = Requests.model_validate(
    {
        "find": {"path": "/c", "query": {"email": "{email}"}},
        "fetch": {"path": "/c/{id}"},
        "create": {"path": "/c"},
        "update": {"path": "/c/{id}"},
        "deactivate": {"path": "/c/{id}", "body": {"status": "off"}},
        "delete": {"path": "/c/{id}", "method": "DELETE"},
    }
)
FIND, CREATE, UPDATE = Find("ann@example.com"), Create({}), Update("1", {})


def meaning(
    call: Call, status: int, body: bytes = b"{}", retry_after: str | None = None
) -> Meaning | Page:
    headers = {} if retry_after is None else {"retry-after": retry_after}
    classifier = Classifier(Reader(REQUESTS, Lookup()), Errors())
    return classifier.meaning(call, Heard(status, headers, body))


@pytest.mark.parametrize(
    ("call", "status", "body", "expected"),
    [
        (UPDATE, 200, b"", Done("1")),
        (UPDATE, 204, b"", Done("1")),
        (UPDATE, 404, b"", Gone()),
        (UPDATE, 410, b"", Gone()),
        (Fetch("1"), 200, b'{"id": 1, "name": null}', Fetched({"id": 1, "name": None})),
        (Fetch("1"), 404, b"", Gone()),
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
        (UPDATE, 403, b"", RetryLater("HTTP 403")),
        (UPDATE, 408, b"", RetryLater("HTTP 408")),
        (UPDATE, 409, b"", RetryLater("HTTP 409")),
        (CREATE, 409, b"", Conflict()),
        (CREATE, 423, b"", RetryLater("HTTP 423")),
        (CREATE, 425, b"", RetryLater("HTTP 425")),
        (UPDATE, 401, b"", Unavailable("auth", "HTTP 401")),
        (FIND, 401, b"", Unavailable("auth", "HTTP 401")),
        (FIND, 429, b"", Unavailable("limited", "HTTP 429")),
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
        (Fetch("1"), b"[]"),
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
        (None, None),
        ("0", 0.0),
        ("2", 2.0),
        ("0.5", 0.5),
        ("-3", 0.0),
        ("nan", None),
        ("999999", 3600.0),
        ("inf", 3600.0),
        ("Thu, 01 Jan 1970 00:01:40 GMT", 100.0),
        ("Wed, 31 Dec 1969 00:00:00 GMT", 0.0),
        ("Thu, 01 Jan 1970 00:01:40 -0000", 100.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 3600.0),
        ("Thu, 01 Jan 1970 00:01:40 +99999999999999999", None),
        ("1 Jan 99999999999 1:1:1 GMT", None),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_never_more_than_an_hour(
    value: str | None, seconds: float | None
) -> None:
    assert retry_after_seconds(value, 0.0) == seconds


dates = st.from_regex(
    r"(Thu, )?[0-9]{1,2} Jan -?[0-9]{1,12} [0-9]{1,3}:[0-9]{1,3}(:[0-9]{1,12})? "
    r"(GMT|EST|[+-][0-9]{1,25})",
    fullmatch=True,
)


@given(st.text() | dates | st.floats().map(str), st.floats(0, 4e9))
def test_whatever_retry_after_says_the_wait_is_none_or_within_an_hour(
    value: str, now: float
) -> None:
    wait = retry_after_seconds(value, now)

    assert wait is None or 0.0 <= wait <= 3600.0


def test_a_limit_closes_the_destination_for_the_time_that_it_names() -> None:
    named = meaning(UPDATE, 429, retry_after="7")
    unnamed = meaning(UPDATE, 429, retry_after="soon")

    assert named == Unavailable("limited", "HTTP 429", 7.0)
    assert unnamed == Unavailable("limited", "HTTP 429", None)


def test_a_server_that_fails_one_call_names_that_calls_wait() -> None:
    assert meaning(UPDATE, 503, retry_after="7") == RetryLater("HTTP 503", 7.0)


@given(st.integers(100, 599), st.sampled_from([FIND, CREATE, UPDATE]))
def test_only_401_and_429_are_faults_of_the_whole_destination(
    status: int, call: Call
) -> None:
    answer = meaning(call, status, retry_after="7")

    assert isinstance(answer, Unavailable) == (status in (401, 429))


@pytest.mark.parametrize("status", [400, 405, 406, 413, 415, 422, 451])
def test_a_refused_body_is_final_whatever_wait_is_named(status: int) -> None:
    rejected = Rejected("rejected", f"HTTP {status}")

    assert meaning(UPDATE, status, retry_after="7") == rejected
