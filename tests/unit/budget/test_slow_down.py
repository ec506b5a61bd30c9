"""What real systems say about when the next call may come."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.rest.rate_headers import RateHeaders
from processors.rest.slow_down import refused_seconds, used_up_seconds

NOW = 1_764_000_000.0  # Mon, 24 Nov 2025 16:00:00 GMT
HOUR = 3600.0
THROTTLED = b'{"detail":"Request was throttled. Expected available in 26 seconds."}'
TRY_AGAIN = b'{"error":{"message":"Rate limit reached, please try again in 1.5s"}}'

REFUSALS: dict[str, tuple[dict[str, str], bytes, float | None]] = {
    "plain, seconds": ({"retry-after": "7"}, b"", 7.0),
    "plain, decimal seconds": ({"retry-after": "0.25"}, b"", 0.25),
    "plain, HTTP date": ({"retry-after": "Mon, 24 Nov 2025 16:00:09 GMT"}, b"", 9.0),
    "plain, HTTP date, its clock is behind": (
        {
            "date": "Mon, 24 Nov 2025 15:00:00 GMT",
            "retry-after": "Mon, 24 Nov 2025 15:00:09 GMT",
        },
        b"",
        9.0,
    ),
    "plain, a date in the past": (
        {"retry-after": "Mon, 24 Nov 2025 15:59:00 GMT"},
        b"",
        0.0,
    ),
    "plain, a day": ({"retry-after": "86400"}, b"", HOUR),
    "plain, negative": ({"retry-after": "-3"}, b"", 0.0),
    "plain, no time": ({}, b"Too Many Requests", None),
    "Azure, milliseconds": ({"retry-after-ms": "1500", "retry-after": "2"}, b"", 1.5),
    "HubSpot, ten-second limit": (
        {
            "x-hubspot-ratelimit-max": "190",
            "x-hubspot-ratelimit-remaining": "0",
            "x-hubspot-ratelimit-interval-milliseconds": "10000",
        },
        b'{"policyName":"TEN_SECONDLY_ROLLING"}',
        10.0,
    ),
    "HubSpot, daily limit": (
        {
            "x-hubspot-ratelimit-remaining": "100",
            "x-hubspot-ratelimit-interval-milliseconds": "10000",
            "x-hubspot-ratelimit-daily": "250000",
            "x-hubspot-ratelimit-daily-remaining": "0",
        },
        b'{"policyName":"DAILY"}',
        HOUR,
    ),
    "Salesforce, used up": (
        {"sforce-limit-info": "api-usage=100018/100000"},
        b'[{"errorCode":"REQUEST_LIMIT_EXCEEDED"}]',
        HOUR,
    ),
    "Salesforce, not used up": (
        {"sforce-limit-info": "api-usage=18/100000"},
        b"[]",
        None,
    ),
    "Stripe": (
        {"stripe-rate-limited-reason": "global-rate"},
        b'{"error":{"code":"rate_limit"}}',
        None,
    ),
    "Zendesk": (
        {"retry-after": "93", "x-rate-limit": "700", "x-rate-limit-remaining": "0"},
        b"",
        93.0,
    ),
    "Zendesk, of an account": (
        {"x-rate-limit-remaining": "0", "ratelimit-reset": "41"},
        b"",
        41.0,
    ),
    "Zendesk, of an endpoint": (
        {"zendesk-ratelimit-endpoint": "total=100; remaining=0; resets=30"},
        b"",
        30.0,
    ),
    "Intercom, epoch seconds": (
        {
            "x-ratelimit-limit": "166",
            "x-ratelimit-remaining": "0",
            "x-ratelimit-reset": "1764000010",
        },
        b'{"errors":[{"code":"rate_limit_exceeded"}]}',
        10.0,
    ),
    "Mailchimp, too many connections": ({}, b"You have more than 10 connections", None),
    "Klaviyo": (
        {
            "retry-after": "12",
            "ratelimit-limit": "75, 75;w=1, 700;w=60",
            "ratelimit-remaining": "0",
            "ratelimit-reset": "38",
        },
        b"",
        12.0,
    ),
    "Klaviyo, without Retry-After": (
        {"ratelimit-remaining": "0", "ratelimit-reset": "38"},
        b"",
        38.0,
    ),
    "Segment, reset in seconds": ({"x-ratelimit-reset": "4"}, b"", 4.0),
    "GitHub, epoch seconds": (
        {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1764000060"},
        b'{"message":"API rate limit exceeded"}',
        60.0,
    ),
    "epoch milliseconds": (
        {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1764000002500"},
        b"",
        2.5,
    ),
    "ISO time": (
        {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "2025-11-24T16:00:05Z"},
        b"",
        5.0,
    ),
    "IETF draft 3": (
        {"ratelimit": "limit=100, remaining=0, reset=50"},
        b"",
        50.0,
    ),
    "IETF draft 9": (
        {"ratelimit": '"burst";r=12;t=1, "hourly";r=0;t=20'},
        b"",
        20.0,
    ),
    "Django REST framework": ({}, THROTTLED, 26.0),
    "words of a body": ({}, TRY_AGAIN, 1.5),
    "minutes in words": ({}, b"Retry after 2 minutes.", 120.0),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_a_refusal_is_understood(case: str) -> None:
    headers, body, seconds = REFUSALS[case]

    assert refused_seconds(headers, body, NOW) == seconds


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"x-ratelimit-remaining": "1", "x-ratelimit-reset": "1764000010"}, None),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1764000010"}, 10.0),
        ({"ratelimit": '"default";r=50;t=30'}, None),
        ({"sforce-limit-info": "api-usage=100000/100000"}, HOUR),
        ({"retry-after": "5"}, None),
        ({}, None),
    ],
)
def test_a_success_says_when_nothing_is_left(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert used_up_seconds(headers, NOW) == seconds


@pytest.mark.parametrize(
    ("unit", "value", "seconds"),
    [
        ("seconds", "90", 90.0),
        ("milliseconds", "1500", 1.5),
        ("window_milliseconds", "10000", 10.0),
        ("guess", "1764000003", 3.0),
    ],
)
def test_a_file_may_name_headers_and_units_of_its_own(
    unit: str, value: str, seconds: float
) -> None:
    own = RateHeaders.model_validate(
        {"remaining": "X-Left", "reset": "X-Until", "reset_in": unit}
    )

    assert used_up_seconds({"x-left": "0", "x-until": value}, NOW, [own]) == seconds


names = st.sampled_from(
    ("retry-after", "ratelimit", "x-ratelimit-remaining", "x-ratelimit-reset", "date")
)
values = st.text() | st.floats().map(str) | st.integers().map(str)


@given(st.dictionaries(names, values), st.binary(), st.floats(0, 4e9))
def test_whatever_an_answer_says_the_wait_is_none_or_within_an_hour(
    headers: dict[str, str], body: bytes, now: float
) -> None:
    for wait in (
        refused_seconds(headers, body, now),
        used_up_seconds(headers, now),
    ):
        assert wait is None or 0.0 <= wait <= HOUR
