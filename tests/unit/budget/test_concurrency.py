"""Fewer calls at a time where many make answers slow, and all of them soon again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from processors.rest.concurrency import Concurrency


def answered(places: Concurrency, seconds: float, count: int, now: float) -> float:
    """Let *count* calls of *seconds* end, with all places taken; return the time."""
    for _ in range(count):
        now += seconds / max(1, places.limit)
        places.answered(seconds, places.limit, now)
    return now


def test_it_begins_with_few_and_each_answer_in_time_is_one_more() -> None:
    places = Concurrency(256)
    assert places.limit == 16

    answered(places, 0.02, 40, 0.0)

    assert places.limit == 56
    assert Concurrency(5).limit == 5


def test_answers_in_time_leave_all_places() -> None:
    places = Concurrency(256)

    answered(places, 0.02, 1000, 0.0)

    assert places.limit == 256


def test_slow_answers_cost_places_once_in_the_time_that_they_took() -> None:
    places = Concurrency(100)
    now = answered(places, 0.02, 1000, 0.0)

    places.answered(2.0, 100, now + 2.0)
    assert places.limit == 90
    places.answered(2.0, 100, now + 2.1)
    assert places.limit == 90
    places.answered(2.0, 90, now + 4.1)

    assert places.limit == 81


def test_a_slow_answer_costs_nothing_where_places_were_free() -> None:
    places = Concurrency(100)
    now = answered(places, 0.02, 1000, 0.0)

    places.answered(2.0, 99, now + 2.0)

    assert places.limit == 100


def test_each_answer_in_time_gives_one_place_back() -> None:
    places = Concurrency(100)
    now = answered(places, 0.02, 1000, 0.0)
    places.answered(2.0, 100, now + 2.0)

    for number in range(1, 11):
        places.answered(0.02, 1, now + 2.0)
        assert places.limit == 90 + number
    places.answered(0.02, 1, now + 2.0)

    assert places.limit == 100


def test_what_lasts_becomes_usual_before_it_has_cost_all_places() -> None:
    places = Concurrency(256)
    now = answered(places, 0.02, 5000, 0.0)
    now = answered(places, 2.0, 256 * 30, now)  # a minute

    assert places.limit > 32


@given(st.lists(st.tuples(st.floats(0.0, 60.0), st.integers(0, 300)), max_size=200))
def test_there_is_always_a_place_and_never_more_than_allowed(
    calls: list[tuple[float, int]],
) -> None:
    places, now = Concurrency(256), 0.0

    for seconds, in_flight in calls:
        now += seconds
        places.answered(seconds, in_flight, now)
        assert 1 <= places.limit <= 256


def test_without_a_share_there_is_no_place() -> None:
    assert Concurrency(0).limit == 0
