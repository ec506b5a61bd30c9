"""How far apart the transactions of a partition are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis.strategies import floats, lists

from processors.pace import Pace

INTERVAL_SECONDS = 0.08


def after(took_seconds: float, interval_seconds: float = INTERVAL_SECONDS) -> float:
    """Return how far the next transaction is from one that took so long."""
    pace = Pace(interval_seconds)
    pace.began(100.0)
    pace.ended(100.0 + took_seconds)
    return took_seconds + pace.pause_seconds(100.0 + took_seconds)


def test_the_first_one_waits_for_nothing() -> None:
    assert Pace(INTERVAL_SECONDS).pause_seconds(0.0) == 0


def test_quick_ones_are_the_interval_apart() -> None:
    assert after(0.004) == pytest.approx(INTERVAL_SECONDS)


def test_one_that_took_long_is_followed_later() -> None:
    assert after(0.03) == pytest.approx(0.24)


def test_a_broker_that_hardly_answers_keeps_nobody_waiting_for_longer() -> None:
    assert after(0.2) == pytest.approx(0.5)
    assert after(20.0) == pytest.approx(20.0)  # the next one begins at once


def test_an_interval_that_is_longer_is_kept() -> None:
    assert after(0.2, interval_seconds=0.8) == pytest.approx(0.8)


def test_one_quick_transaction_is_enough_to_be_quick_again() -> None:
    pace = Pace(INTERVAL_SECONDS)
    pace.began(0.0)
    pace.ended(5.0)
    pace.began(5.0)
    pace.ended(5.005)
    assert pace.pause_seconds(5.005) == pytest.approx(INTERVAL_SECONDS - 0.005)


@given(lists(floats(0.0, 0.0624), min_size=1, max_size=30))
def test_a_partition_is_in_transactions_an_eighth_of_the_time_at_most(
    taken: list[float],
) -> None:
    pace, now = Pace(0.001), 0.0
    for took_seconds in taken:
        now += pace.pause_seconds(now)
        pace.began(now)
        now += took_seconds
        pace.ended(now)
    now += pace.pause_seconds(now)
    assert sum(taken) <= now / 8 + 1e-9
