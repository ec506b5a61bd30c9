"""Slowing down for a destination that refuses without naming a time."""

from __future__ import annotations

from processors.rest.adaptive import Adaptive


def accepted(adaptive: Adaptive, calls: int, now: float) -> None:
    for _ in range(calls):
        adaptive.accepted(now, now)


def refused(adaptive: Adaptive, now: float) -> bool:
    return adaptive.refused(now, now)


def cut(now: float = 10.0) -> Adaptive:
    """Return one that found 92 a second to be too many."""
    adaptive = Adaptive(100.0, window_seconds=1.0)
    accepted(adaptive, 91, now - 0.1)
    assert not refused(adaptive, now)
    return adaptive


def test_a_refusal_cuts_the_rate_below_what_was_accepted() -> None:
    assert round(cut().per_second(10.0), 2) == 86.45


def test_a_refusal_never_takes_more_than_half() -> None:
    adaptive = Adaptive(100.0, window_seconds=10.0)
    accepted(adaptive, 1, 9.9)  # the next comes too soon, whatever the rate is

    refused(adaptive, 10.0)

    assert adaptive.per_second(10.0) == 50.0


def test_a_call_that_began_before_a_refusal_was_heard_says_nothing_new() -> None:
    adaptive = cut()
    rate = adaptive.per_second(10.0)

    assert not adaptive.refused(9.99, 10.2)
    assert adaptive.per_second(10.0) == rate


def test_a_second_refusal_in_a_row_asks_for_a_pause() -> None:
    adaptive = cut()

    assert refused(adaptive, 10.1)


def test_one_that_was_accepted_between_two_refusals_says_that_the_rate_counts() -> None:
    adaptive = cut()
    accepted(adaptive, 1, 10.1)

    assert not refused(adaptive, 10.2)


def test_where_nothing_was_accepted_nothing_is_cut() -> None:
    adaptive = Adaptive(100.0, window_seconds=1.0)

    assert refused(adaptive, 10.0)
    assert adaptive.per_second(10.0) == 100.0


def test_where_a_pause_did_not_help_the_rate_is_what_it_was() -> None:
    adaptive = cut()
    before = adaptive.per_second(10.1)
    accepted(adaptive, 1, 10.1)
    refused(adaptive, 10.2)
    refused(adaptive, 10.3)
    assert adaptive.per_second(10.3) < before

    assert refused(adaptive, 11.3)

    assert adaptive.per_second(11.3) >= before
    assert refused(adaptive, 13.3)
    assert adaptive.per_second(13.3) >= before


def searching() -> tuple[Adaptive, float]:
    """Return one that was refused twice, at 10.1, and the rate at which it was."""
    adaptive = Adaptive(1000.0, window_seconds=1.0)
    accepted(adaptive, 1, 9.9)
    refused(adaptive, 10.0)
    accepted(adaptive, 1, 10.05)
    ceiling = adaptive.per_second(10.1)
    refused(adaptive, 10.1)
    return adaptive, ceiling


def test_what_is_accepted_raises_the_rate_to_what_was_refused_and_beyond() -> None:
    adaptive, ceiling = searching()
    rates = [adaptive.per_second(10.1)]
    for number in range(10):
        accepted(adaptive, 10, 10.5 + number)
        rates.append(adaptive.per_second(10.5 + number))

    assert rates == sorted(rates)
    assert round(rates[5] - ceiling) == 0
    assert rates[10] > 1.4 * ceiling


def test_within_a_window_the_rate_does_not_go_beyond_what_was_refused() -> None:
    adaptive, ceiling = searching()

    accepted(adaptive, 100, 10.5)

    assert adaptive.per_second(11.4) == ceiling
    assert adaptive.per_second(11.6) > ceiling


def test_once_it_was_found_the_rate_returns_slowly() -> None:
    adaptive, _ = searching()
    accepted(adaptive, 60, 12.0)
    ceiling = adaptive.per_second(12.9)
    refused(adaptive, 12.9)

    accepted(adaptive, 100, 14.0)
    half = adaptive.per_second(14.0)
    accepted(adaptive, 100, 15.0)

    assert half < 0.95 * ceiling
    assert round(adaptive.per_second(15.0) - ceiling) == 0


def test_time_alone_raises_the_rate_too_and_no_further_than_the_file_says() -> None:
    adaptive, ceiling = searching()

    assert adaptive.per_second(30.0) < ceiling < adaptive.per_second(50.0)
    assert adaptive.per_second(600.0) == 1000.0


def test_a_rate_that_was_found_is_kept_from_call_to_call() -> None:
    adaptive = cut()
    adaptive.took(10.0)

    assert adaptive.room_in_seconds(10.0) > 0.011
    assert adaptive.room_in_seconds(10.1) == 0.0
