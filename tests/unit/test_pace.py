"""How far apart the transactions of a partition are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis.strategies import floats, integers

from processors.pace import Pace

INTERVAL_SECONDS = 0.08
PARTITIONS = 12


def apart(
    took_seconds: float,
    *,
    partitions: int = PARTITIONS,
    interval_seconds: float = INTERVAL_SECONDS,
    rounds: int = 60,
) -> float:
    """Return how far apart those of one partition come to be, where all write."""
    pace, now, last, distance = Pace(interval_seconds), 0.0, 0.0, 0.0
    for _ in range(rounds):
        now += max(pace.pause_seconds(number, now) for number in range(partitions))
        last, distance = now, now - last
        for number in range(partitions):
            pace.began(number, now)
        now += took_seconds
        for number in range(partitions):
            pace.ended(number, now)
    return distance


def test_the_first_one_waits_for_nothing() -> None:
    assert Pace(INTERVAL_SECONDS).pause_seconds(0, 0.0) == 0


def test_quick_ones_are_the_interval_apart() -> None:
    assert apart(0.004) == pytest.approx(INTERVAL_SECONDS)


def test_those_that_take_long_are_followed_later() -> None:
    assert apart(0.03) == pytest.approx(0.24, rel=0.01)


def test_one_that_writes_alone_waits_for_no_others() -> None:
    assert apart(0.03, partitions=1) == pytest.approx(INTERVAL_SECONDS)


def test_one_that_was_slow_by_chance_keeps_nobody_waiting() -> None:
    pace = Pace(INTERVAL_SECONDS)
    for number in range(PARTITIONS):
        pace.began(number, 0.0)
        pace.ended(number, 0.2 if number == 0 else 0.004)
    assert pace.pause_seconds(1, 0.0) == pytest.approx(INTERVAL_SECONDS)


def test_a_broker_that_hardly_answers_keeps_nobody_waiting_for_longer() -> None:
    assert apart(0.2) == pytest.approx(0.5)
    assert apart(20.0, rounds=3) == pytest.approx(20.0)  # the next one begins at once


def test_an_interval_that_is_longer_is_kept() -> None:
    assert apart(0.2, interval_seconds=0.8) == pytest.approx(0.8)


def test_what_an_outage_took_is_soon_forgotten() -> None:
    pace, now = Pace(INTERVAL_SECONDS), 0.0
    for took_seconds in (30.0, *[0.005] * 10):
        now += pace.pause_seconds(0, now)
        pace.began(0, now)
        now += took_seconds
        pace.ended(0, now)
    assert pace.pause_seconds(0, now) == pytest.approx(INTERVAL_SECONDS - 0.005)


@given(floats(0.0, 0.06), integers(1, 12))
def test_one_and_a_half_are_under_way_at_most(
    took_seconds: float, partitions: int
) -> None:
    seconds = apart(took_seconds, partitions=partitions, interval_seconds=0.001)
    assert partitions * took_seconds / seconds <= max(1.5, partitions / 8) + 0.01
