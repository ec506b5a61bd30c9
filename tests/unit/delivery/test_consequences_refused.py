"""What follows from an attempt that nobody need repeat: plain objects."""

from __future__ import annotations

from dataclasses import replace

import pytest

from processors.delivery.consequences import (
    Again,
)
from processors.delivery.lane import Entry
from processors.delivery.records import Letter, Park, Unpark
from processors.delivery.verdict import (
    NeedsReview,
    RetryLater,
)
from tests.support.core import Owner, an_event, parked, rules
from tests.support.trial import (
    BEHIND_NOW,
    NOW,
    REFUSED,
    SUPERSEDED,
    Trial,
    dead,
    link,
    outcome,
)


def test_an_open_item_is_parked_and_what_it_supersedes_ends() -> None:
    events = an_event(1), an_event(2), an_event(3), an_event(4)
    trial = Trial(*events, tried=3, number=2)

    records = trial.records(NeedsReview("unmatched", frozenset({1, 3})))

    assert records == (
        link(4, doubted=True),
        outcome(events[0], SUPERSEDED, 2),
        outcome(events[2], SUPERSEDED, 2),
        Park(events[1], Entry("review", 0, None, NOW, "unmatched")),
        Park(events[3], BEHIND_NOW),
    )


@pytest.mark.parametrize("early", [False, True])
def test_an_attempt_that_was_answered_counts_no_failure(*, early: bool) -> None:
    head = parked(1, state="waiting", attempts=2, first_failed_at=7.0)

    records = Trial(head, number=3, early=early).records(NeedsReview("ambiguous"))

    assert records[1] == Park(head, Entry("review", 0, None, 7.0, "ambiguous"))


def test_an_item_that_is_open_for_long_is_not_given_up_at_the_first_fault() -> None:
    owner = Owner().serve()
    owner.arrive(an_event(1))
    for _ in range(10 * rules().retry.attempts_max):
        due_at = owner.now + 86_400
        owner.attempt(NeedsReview("unmatched", recheck_at=due_at))
        owner.now = due_at
        owner.core.wake(owner.now)

    written = owner.attempt(RetryLater("HTTP 503"))

    [parked_again] = [one for one in written if isinstance(one, Park)]
    assert parked_again.entry.state == "waiting"
    assert parked_again.entry.attempts == 1


def test_an_open_item_may_supersede_everything_that_was_tried() -> None:
    events = parked(1), an_event(2), an_event(3)

    records = Trial(*events, tried=2).records(
        NeedsReview("unmatched", frozenset({1, 2}))
    )

    assert records == (
        link(2, doubted=True),
        Unpark(events[0]),
        outcome(events[0], SUPERSEDED),
        outcome(events[1], SUPERSEDED),
    )


def test_a_refused_event_is_a_dead_letter() -> None:
    event = an_event(1)

    records = Trial(event, number=2).records(REFUSED)

    assert records == (
        link(1, doubted=True),
        Letter(event, "rejected", "HTTP 422", 2),
        outcome(event, dead(), 2),
    )


@pytest.mark.parametrize("early", [True, False])
def test_a_refused_fold_is_tried_one_by_one_uncounted(*, early: bool) -> None:
    trial = Trial(an_event(1), an_event(2), an_event(3), tried=2, early=early)

    assert trial.judge(REFUSED) == Again(early)
    assert trial.lane.single is trial.lane.events[1]


def test_of_a_fold_that_is_refused_for_one_event_the_others_are_superseded() -> None:
    events = an_event(1), an_event(2), an_event(3), an_event(4)

    records = Trial(*events, tried=3).records(replace(REFUSED, culprit=2))

    assert records == (
        link(3, doubted=True),
        outcome(events[0], SUPERSEDED),
        outcome(events[2], SUPERSEDED),
        Letter(events[1], "rejected", "HTTP 422", 1),
        outcome(events[1], dead()),
    )


def test_a_held_event_stays_parked_and_its_letter_is_a_notice() -> None:
    event, later = an_event(1), an_event(2)

    records = Trial(event, later, tried=1, number=2).records(
        REFUSED, rules(held="user.updated")
    )

    assert records == (
        link(2),
        Letter(event, "rejected", "HTTP 422", 2),
        Park(event, Entry("held", 2, None, NOW, "HTTP 422")),
        Park(later, BEHIND_NOW),
    )


def test_what_a_held_event_supersedes_has_ended_and_is_not_parked() -> None:
    events = an_event(1), an_event(2, event_type="held"), an_event(3), an_event(4)

    records = Trial(*events, tried=3).records(
        replace(REFUSED, culprit=2), rules(held="held")
    )

    assert records == (
        link(4, doubted=True),
        outcome(events[0], SUPERSEDED),
        outcome(events[2], SUPERSEDED),
        Letter(events[1], "rejected", "HTTP 422", 1),
        Park(events[1], Entry("held", 1, None, NOW, "HTTP 422")),
        Park(events[3], BEHIND_NOW),
    )


def test_each_event_of_the_last_fold_that_failed_is_a_dead_letter() -> None:
    events = parked(1, attempts=2), an_event(2), an_event(3)
    trial = Trial(*events, tried=2, number=3)

    records = trial.records(RetryLater("HTTP 503"))

    end = dead("gave_up", "HTTP 503")
    assert records == (
        link(2, doubted=True),
        Letter(events[0], "gave_up", "HTTP 503", 3),
        Unpark(events[0]),
        outcome(events[0], end, 3),
        Letter(events[1], "gave_up", "HTTP 503", 3),
        outcome(events[1], end, 3),
    )


def test_giving_up_ends_at_an_event_that_is_held() -> None:
    events = (
        an_event(1),
        an_event(2, event_type="held"),
        parked(3),
        an_event(4),
        an_event(5),
    )
    trial = Trial(*events, tried=4, number=3)

    records = trial.records(RetryLater("HTTP 503"), rules(1.0, 5.0, held="held"))

    assert records == (
        link(5, doubted=True),
        Letter(events[0], "gave_up", "HTTP 503", 3),
        outcome(events[0], dead("gave_up", "HTTP 503"), 3),
        Letter(events[1], "gave_up", "HTTP 503", 3),
        Park(events[1], Entry("held", 3, None, NOW, "HTTP 503")),
        Park(events[3], BEHIND_NOW),
        Park(events[4], BEHIND_NOW),
    )
