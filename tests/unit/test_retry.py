"""The retry schedule: plain functions."""

from __future__ import annotations

import dataclasses
import inspect

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.delivery.retry import RetryPolicy
from processors.settings import WorkerSettings

MINUTE, HOUR = 60.0, 3600.0
chances = st.floats(0, 1)
schedules = st.lists(st.floats(0.001, 90_000), max_size=20).map(tuple)


@pytest.fixture
def default(monkeypatch: pytest.MonkeyPatch) -> RetryPolicy:
    monkeypatch.delenv("KEEPSTEP_WORKER_RETRY_WAITS_SECONDS", raising=False)
    return WorkerSettings().retry_policy


def test_ten_attempts_are_made_within_two_days_then_the_event_is_given_up(
    default: RetryPolicy,
) -> None:
    longest = [default.wait_seconds(attempt, 1.0) for attempt in range(1, 11)]

    assert longest == [
        *(1.0, 5.0, 30.0),
        *(5 * MINUTE, 30 * MINUTE),
        *(2 * HOUR, 5 * HOUR, 10 * HOUR, 24 * HOUR),
        None,
    ]
    assert default.attempts_max == 10


@given(chance=chances)
def test_the_first_three_waits_are_exact_and_the_others_spread_from_zero(
    chance: float,
) -> None:
    default = RetryPolicy((1.0, 5.0, 30.0, 5 * MINUTE, 24 * HOUR))

    waits = [default.wait_seconds(attempt, chance) for attempt in (1, 2, 3, 4, 5)]

    assert waits == [1.0, 5.0, 30.0, 300.0 * chance, 86_400.0 * chance]


def test_waits_are_spread_from_a_minute_on() -> None:
    policy = RetryPolicy((59.9, 60.0))

    assert [policy.wait_seconds(attempt, 0.5) for attempt in (1, 2)] == [59.9, 30.0]


@given(schedules, chances)
def test_every_wait_is_as_said_or_shorter_and_after_the_last_there_is_none(
    waits_seconds: tuple[float, ...], chance: float
) -> None:
    policy = RetryPolicy(waits_seconds)

    for attempt, said in enumerate(waits_seconds, start=1):
        wait = policy.wait_seconds(attempt, chance)
        assert wait is not None
        assert 0.0 <= wait <= said
    assert policy.attempts_max == len(waits_seconds) + 1
    assert policy.wait_seconds(policy.attempts_max, chance) is None


@given(schedules, st.integers(0, 1000), chances)
def test_an_attempt_beyond_the_schedule_is_given_up_too(
    waits_seconds: tuple[float, ...], beyond: int, chance: float
) -> None:
    policy = RetryPolicy(waits_seconds)

    assert policy.wait_seconds(policy.attempts_max + beyond, chance) is None


@given(schedules.filter(bool), st.data(), chances, chances)
def test_a_greater_chance_never_waits_less(
    waits_seconds: tuple[float, ...], data: st.DataObject, one: float, other: float
) -> None:
    policy = RetryPolicy(waits_seconds)
    attempt = data.draw(st.integers(1, len(waits_seconds)))

    less = policy.wait_seconds(attempt, min(one, other))
    more = policy.wait_seconds(attempt, max(one, other))

    assert less is not None
    assert more is not None
    assert less <= more


def test_the_schedule_does_not_ask_why_an_attempt_failed() -> None:
    # What no later attempt can mend is `Rejected`, which never comes here.
    asked = list(inspect.signature(RetryPolicy.wait_seconds).parameters)

    assert asked == ["self", "attempt", "chance"]
    assert [known.name for known in dataclasses.fields(RetryPolicy)] == [
        "waits_seconds"
    ]
