"""What follows from an attempt that ended well, or failed: plain objects."""

from __future__ import annotations

import pytest

from processors.delivery.consequences import (
    Again,
    Decide,
    Wait,
)
from processors.delivery.lane import Entry
from processors.delivery.operations import BEHIND, Changes
from processors.delivery.records import Park, PutLink
from processors.delivery.verdict import (
    NotMade,
    RetryLater,
    Settled,
    Unavailable,
    Verdict,
)
from tests.support.core import ANN, APPLIED, an_event, parked, rules
from tests.support.trial import (
    BEHIND_NOW,
    LINK,
    NOW,
    SUPERSEDED,
    Trial,
    link,
    outcome,
)


def test_settled_events_end_as_the_verdict_says_with_its_link() -> None:
    events = an_event(1), an_event(2)
    trial = Trial(*events, number=3)
    known = LINK.but(record_id="42")

    records = trial.records(Settled((APPLIED, SUPERSEDED), known))

    assert records == (
        PutLink(ANN, known.but(taken=2)),
        outcome(events[0], APPLIED, 3),
        outcome(events[1], SUPERSEDED, 3),
    )


def test_a_verdict_that_leaves_an_event_without_its_end_is_a_bug() -> None:
    with pytest.raises(ValueError, match="shorter"):
        Trial(an_event(1), an_event(2)).judge(Settled((APPLIED,), LINK))


@pytest.mark.parametrize("verdict", [NotMade(), Unavailable("auth", "HTTP 401")])
@pytest.mark.parametrize("early", [True, False])
def test_what_was_not_tried_is_tried_again_uncounted(
    verdict: Verdict, *, early: bool
) -> None:
    trial = Trial(an_event(1), number=3, early=early)

    assert trial.judge(verdict) == Again(early)
    assert (trial.lane.attempts, trial.lane.due_at) == (8, 9.0)


def test_a_short_wait_is_waited_in_memory() -> None:
    trial = Trial(an_event(1), number=1)

    assert trial.judge(RetryLater("HTTP 503")) == Wait(NOW + 1.0)
    assert (trial.lane.attempts, trial.lane.due_at) == (1, NOW + 1.0)


def test_the_wait_is_at_least_what_the_destination_asked_for() -> None:
    assert Trial(an_event(1)).judge(RetryLater("", 1.5)) == Wait(NOW + 1.5)
    assert Trial(an_event(1)).judge(RetryLater("", 0.5)) == Wait(NOW + 1.0)


def test_the_longest_wait_in_memory_is_a_bound() -> None:
    bounds = rules(1.0, memory_wait_seconds_max=1.0)

    assert Trial(an_event(1)).judge(RetryLater(""), bounds) == Wait(NOW + 1.0)
    assert isinstance(Trial(an_event(1)).judge(RetryLater("", 1.1), bounds), Changes)


def test_long_waits_are_spread_by_chance() -> None:
    event = an_event(1)

    records = Trial(event).records(RetryLater("HTTP 503"), rules(200.0))

    entry = Entry("waiting", 1, NOW + 100.0, NOW, "HTTP 503")
    assert records == (link(1), Park(event, entry))


def test_a_long_wait_parks_the_lane_from_its_head_on() -> None:
    events = an_event(1), an_event(2), an_event(3)
    trial = Trial(*events, tried=2, number=2)

    records = trial.records(RetryLater("HTTP 503"))

    assert records == (
        link(3),
        Park(events[0], Entry("waiting", 2, NOW + 5.0, NOW, "HTTP 503")),
        Park(events[1], BEHIND_NOW),
        Park(events[2], BEHIND_NOW),
    )


def test_a_lane_with_many_events_is_parked_however_short_the_wait() -> None:
    two = rules(lane_events_max=2)

    assert isinstance(Trial(an_event(1), an_event(2)).judge(RetryLater(""), two), Wait)
    trial = Trial(an_event(1), an_event(2), an_event(3), tried=1)
    assert len(trial.records(RetryLater(""), two)) == 4


def test_nothing_waits_in_memory_while_the_worker_stops() -> None:
    event = an_event(1)

    records = Trial(event).records(RetryLater("HTTP 503"), may_wait=False)

    entry = Entry("waiting", 1, NOW + 1.0, NOW, "HTTP 503")
    assert records == (link(1), Park(event, entry))


def test_a_parked_head_stays_parked_and_remembers_when_it_first_failed() -> None:
    head = parked(1, attempts=1, first_failed_at=7.0)
    behind, fresh = parked(2, reason=BEHIND), an_event(3)
    trial = Trial(head, behind, fresh, number=1)

    records = trial.records(RetryLater("HTTP 503"))

    assert records == (
        link(3),
        Park(head, Entry("waiting", 1, NOW + 1.0, 7.0, "HTTP 503")),
        Park(fresh, Entry(first_failed_at=NOW, reason=BEHIND)),
    )


def test_a_head_that_waited_behind_another_first_fails_now() -> None:
    head = parked(1)

    records = Trial(head).records(RetryLater("HTTP 503"))

    assert records[1] == Park(head, Entry("waiting", 1, NOW + 1.0, NOW, "HTTP 503"))


def test_what_came_later_is_parked_as_far_as_there_is_room() -> None:
    events = tuple(an_event(offset) for offset in range(5))
    trial = Trial(*events, tried=2, number=2)

    records = trial.records(RetryLater(""), rules(batch_records_max=1))

    parks = [record.event for record in records if isinstance(record, Park)]
    assert parks == list(events[:3]), "the attempt's own events, and one more"


def test_a_failed_early_try_counts_no_attempt_and_parks_what_came() -> None:
    head, fresh = parked(1, attempts=4, due_at=900.0), an_event(2)
    trial = Trial(head, fresh, number=5, early=True)

    changes = trial.judge(RetryLater("HTTP 503"))

    assert isinstance(changes, Changes)
    assert changes.operation().records == (link(2), Park(fresh, BEHIND_NOW))


def test_after_a_failed_early_try_there_is_room_for_so_many() -> None:
    events = parked(1, due_at=900.0), an_event(2), an_event(3)

    changes = Trial(*events, early=True).judge(
        RetryLater(""), rules(batch_records_max=1)
    )

    assert isinstance(changes, Changes)
    assert len(changes.operation().records) == 2


def test_a_failed_early_try_of_what_is_parked_changes_nothing() -> None:
    trial = Trial(parked(1, attempts=9, due_at=900.0), number=10, early=True)

    assert trial.judge(RetryLater("HTTP 503")) == Decide()
