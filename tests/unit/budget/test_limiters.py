"""Budget and gate before destinations that only say no; in virtual time."""

from __future__ import annotations

import pytest

from tests.support.limiters import Away, LeakyBucket, Limiter, SlidingWindow, played

LIMIT = 20.0  # calls a second; the file says ten times as much
FOUND_SECONDS, END_SECONDS = 60.0, 100.0
JITTER_SECONDS = 0.003
STORM = 30.0, 90.0


# The limit, and the seconds that the file names.
LIMITERS: dict[str, tuple[Limiter, float]] = {
    "nginx": (LeakyBucket(LIMIT), 1.0),
    "nginx, ten seconds": (LeakyBucket(LIMIT), 10.0),
    "nginx with a burst": (LeakyBucket(LIMIT, burst=20), 1.0),
    "a second": (SlidingWindow(20, 1.0), 1.0),
    "a second, ten seconds": (SlidingWindow(20, 1.0), 10.0),
    "ten seconds": (SlidingWindow(200, 10.0), 10.0),
}


@pytest.mark.parametrize("case", LIMITERS)
def test_a_rate_ten_times_too_high_is_found_to_be_so_within_a_minute(
    case: str,
) -> None:
    limiter, window_seconds = LIMITERS[case]
    rate = {"calls": 10 * LIMIT * window_seconds, "per_seconds": window_seconds}

    seen = played(rate, limiter, END_SECONDS, jitter_seconds=JITTER_SECONDS)

    taken = seen.taken(FOUND_SECONDS, END_SECONDS)
    assert taken >= 0.9 * LIMIT * (END_SECONDS - FOUND_SECONDS)
    assert seen.refused(FOUND_SECONDS, END_SECONDS) <= 0.01 * taken
    assert seen.refused(0.0, FOUND_SECONDS) <= 30


@pytest.mark.parametrize("rate", [(20, 1.0), (190, 10.0)])
def test_nothing_but_refusals_cost_a_probe_each_4_seconds_and_no_rate(
    rate: tuple[int, float],
) -> None:
    calls, per_seconds = rate
    limiter = Away(LeakyBucket(1000.0, burst=1000), *STORM)

    seen = played({"calls": calls, "per_seconds": per_seconds}, limiter, 120.0)

    since, until = STORM
    # Two by which it is noticed, then after 1, 2, 4, 4 … seconds.
    assert seen.refused(since, until) <= 2 + 2 + (until - since - 3.0) / 4.0
    assert seen.taken(until, until + 5.0) > 0
    full = seen.taken(since - 10.0, since)
    assert seen.taken(until + 5.0, until + 15.0) >= 0.98 * full


def test_a_limit_of_a_day_alone_leaves_the_rate_to_be_found() -> None:
    rate = {"calls": 1_000_000, "per_seconds": 86400.0}

    seen = played(rate, LeakyBucket(LIMIT), 90.0)

    taken = seen.taken(FOUND_SECONDS, 90.0)
    assert taken >= 0.9 * LIMIT * 30.0
    assert seen.refused(FOUND_SECONDS, 90.0) <= 0.01 * taken


def test_a_limit_that_the_file_has_right_draws_no_refusal() -> None:
    rate = {"calls": 190, "per_seconds": 10.0}

    seen = played(rate, SlidingWindow(190, 10.0), 100.0, jitter_seconds=JITTER_SECONDS)

    assert seen.refused(0.0, 100.0) == 0
    assert seen.taken(10.0, 100.0) >= 0.98 * 19 * 90
