"""What the bench says of calls: plain values, no process."""

from __future__ import annotations

from math import inf

from bench.delivery.crm import Call
from bench.delivery.effects import Tally, effects

ANN, BOB = 1, 2
# The events 0 to 3; Ann has three of them.
USERS = [ANN, ANN, BOB, ANN]


def calls(*events: int) -> list[Call]:
    return [
        Call(float(at), f"c_{USERS[event]}", event) for at, event in enumerate(events)
    ]


def test_one_call_per_event_in_order_leaves_nothing_to_say() -> None:
    found = effects(calls(0, 2, 1, 3), USERS, 0)

    assert (found.calls, found.ended, found.lost) == (4, 4, 0)
    assert (found.reordered, found.repeated, found.stale) == (0, 0, 0)
    assert found.seconds == 3.0


def test_a_later_events_call_stands_for_the_users_earlier_events() -> None:
    found = effects(calls(3, 2), USERS, 0)

    assert (found.ended, found.lost, found.stale) == (4, 0, 0)
    assert found.calls_per_event == 0.5


def test_events_after_the_users_last_call_are_lost_and_the_user_is_stale() -> None:
    found = effects(calls(0, 2), USERS, 0)

    assert (found.ended, found.lost, found.stale) == (2, 2, 1)


def test_all_go_on_at_the_pace_of_the_busiest_user() -> None:
    users = [*[ANN] * 10, *range(100, 130)]  # a quarter of the events are Ann's
    done = [*(Call(0.5 * n, "c_1", n) for n in range(5)), Call(2.0, "c_100", 10)]

    assert effects(done, users, 0).per_second_max == 8.0  # two of hers in a second


def test_what_has_no_busy_user_or_has_not_begun_with_it_says_no_pace() -> None:
    nobody = list(range(100))
    done = [Call(float(n), f"c_{n}", n) for n in range(25)]

    assert effects(done, nobody, 0).per_second_max == inf
    assert effects(done, [*nobody, *[ANN] * 10], 0).per_second_max == inf


def test_an_event_that_is_called_for_first_after_a_later_one_is_reordered() -> None:
    found = effects(calls(0, 3, 1, 2), USERS, 0)

    assert (found.reordered, found.repeated, found.lost) == (1, 0, 0)
    assert found.stale == 1


def test_an_event_that_is_called_for_twice_is_repeated() -> None:
    found = effects(calls(0, 0, 1, 3, 2), USERS, 0)

    assert (found.repeated, found.reordered, found.stale) == (1, 0, 0)


def test_what_comes_again_after_a_kill_is_repeated_and_not_reordered() -> None:
    tally = Tally(USERS)
    tally.add(calls(3))  # for 0, 1 and 3 together
    tally.killed()
    tally.add(calls(1, 3, 2))

    found = tally.effects()

    assert (found.repeated, found.reordered) == (2, 0)
    assert (found.lost, found.stale) == (0, 0)


def test_a_worker_that_was_started_again_still_has_to_keep_order() -> None:
    tally = Tally(USERS)
    tally.add(calls(0))
    tally.killed()
    tally.add(calls(3, 1, 2))

    found = tally.effects()

    assert (found.reordered, found.stale) == (1, 1)


def test_an_old_state_that_is_the_last_one_is_stale_though_nothing_is_lost() -> None:
    tally = Tally(USERS)
    tally.add(calls(0, 1, 2, 3))
    tally.killed()
    tally.add(calls(1))

    found = tally.effects()

    assert (found.lost, found.repeated, found.stale) == (0, 1, 1)


def test_calls_of_events_before_the_first_do_not_count() -> None:
    warm_up = [Call(-1.0, "c_7", 0), Call(-0.5, "c_1", 1)]
    measured = [Call(call.at, call.contact, call.event + 2) for call in calls(0, 1, 2)]

    found = effects([*warm_up, *measured], USERS, 2)

    assert (found.calls, found.ended, found.lost) == (3, 3, 1)
