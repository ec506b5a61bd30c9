"""The retry schedule: plain functions."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from processors.delivery.retry import RetryPolicy


def test_short_waits_are_exact_and_the_last_attempt_gives_up() -> None:
    policy = RetryPolicy((1.0, 5.0, 30.0))

    waits = [policy.wait_seconds(attempt, 0.1) for attempt in (1, 2, 3, 4)]

    assert waits == [1.0, 5.0, 30.0, None]
    assert policy.attempts_max == 4


@given(st.floats(0, 1), st.floats(60, 90_000))
def test_long_waits_are_spread_and_never_longer_than_said(
    chance: float, seconds: float
) -> None:
    wait = RetryPolicy((seconds,)).wait_seconds(1, chance)

    assert wait is not None
    assert 0 <= wait <= seconds
