"""Who may be attempted, who waits in memory: plain objects."""

from __future__ import annotations

from processors.delivery.lane import Entry
from processors.delivery.link import Link
from processors.delivery.operations import BEHIND
from processors.delivery.records import (
    Letter,
    Outcome,
    PutLink,
    Republish,
)
from processors.delivery.verdict import (
    End,
    Rejected,
    RetryLater,
)
from tests.support.core import (
    ANN,
    BOB,
    REF,
    an_event,
    parked,
    rules,
    settled,
)
from tests.support.street import LINK, NOW, Street


def test_users_are_attempted_side_by_side_and_one_call_at_a_time_each() -> None:
    street = Street()
    street.add(an_event(1), an_event(2, BOB), an_event(3))

    ann, bob = street.start(), street.start()

    assert [event.offset for event in ann.events] == [1, 3]
    assert [event.offset for event in bob.events] == [2]
    assert (ann.number, ann.early, ann.link, ann.epoch) == (1, False, LINK, 3)
    assert street.lanes.start(3) is None
    assert not street.lanes.has_ready
    assert len(street.lanes) == 2
    assert [lane.user for lane in street.lanes] == [ANN, BOB]


def test_the_next_call_waits_until_the_former_is_durable() -> None:
    street = Street()
    street.add(an_event(1))
    attempt = street.start()
    street.add(an_event(2))
    assert street.ready() == []

    street.lanes.ended(attempt, settled(attempt), NOW, 0.5)
    street.add(an_event(3))
    assert street.ready() == []
    assert attempt.lane.busy == "settling"

    street.durable()
    assert [event.offset for event in street.start().events] == [2, 3]


def test_a_lane_of_which_everything_has_ended_is_gone() -> None:
    street = Street()
    street.add(an_event(1))
    street.end()

    street.durable()

    assert len(street.lanes) == 0
    assert street.lanes.get(ANN) is None
    assert not street.lanes.has_ready


def test_a_fold_keeps_within_its_bounds() -> None:
    street = Street(rules(fold_events_max=2))
    street.add(an_event(1), an_event(2), an_event(3))
    assert len(street.start().events) == 2

    street = Street(rules(fold_bytes_max=100))
    street.add(an_event(1), an_event(2))
    assert len(street.start().events) == 1


def test_a_lane_waits_for_its_next_attempt_and_the_number_goes_on() -> None:
    street = Street()
    street.add(an_event(1))
    street.end(RetryLater("HTTP 503"))
    assert street.lanes.due_at() == NOW + 1.0

    street.lanes.wake(NOW + 0.9)
    assert not street.lanes.has_ready

    street.add(an_event(2), now=NOW + 0.9)
    assert not street.lanes.has_ready
    street.lanes.wake(NOW + 1.0)
    attempt = street.start()
    assert (attempt.number, len(attempt.events)) == (2, 2)
    assert street.lanes.due_at() is None


def test_a_waiting_lane_that_grows_too_long_is_parked_with_its_attempt() -> None:
    street = Street(rules(lane_events_max=1))
    street.add(an_event(1))
    street.end(RetryLater("HTTP 503"))

    street.add(an_event(2), now=NOW + 0.5)

    head = Entry("waiting", 1, NOW + 1.0, NOW + 0.5, "waits for its next attempt")
    behind = Entry(first_failed_at=NOW + 0.5, reason=BEHIND)
    assert street.parks() == [(1, head), (2, behind)]
    street.durable(NOW + 0.5)
    assert street.lanes.due_at() == NOW + 1.0
    street.lanes.wake(NOW + 1.0)
    assert street.start().number == 2


def test_after_the_head_has_ended_the_next_begins_at_attempt_one() -> None:
    street = Street(rules(fold_events_max=1))
    street.add(an_event(1), an_event(2))
    street.end(RetryLater("HTTP 503"))
    street.lanes.wake(NOW + 1.0)
    street.end()
    street.durable()

    assert street.start().number == 1


def test_waking_disturbs_nobody_that_is_at_work_or_ready() -> None:
    street = Street(rules())
    street.add(an_event(1))
    street.end(RetryLater("HTTP 503"))
    street.lanes.wake(NOW + 1.0)
    street.lanes.wake(NOW + 2.0)

    assert street.ready() == [1]


def test_a_refused_fold_is_tried_one_by_one_and_what_comes_later_as_a_fold() -> None:
    street = Street()
    street.add(an_event(1), an_event(2))
    refused = Rejected("rejected", "HTTP 422")
    street.end(refused)
    street.add(an_event(3), an_event(4))

    attempt = street.end(refused)
    assert ([event.offset for event in attempt.events], attempt.number) == ([1], 1)
    street.durable()
    assert [event.offset for event in street.end().events] == [2]
    street.durable()
    assert [event.offset for event in street.start().events] == [3, 4]


def test_a_refused_early_fold_is_tried_one_by_one_still_early() -> None:
    street = Street()
    street.lanes.restore([parked(1, attempts=1, due_at=NOW + 900)], NOW)
    street.add(an_event(2))
    street.end(Rejected("rejected", "HTTP 422"))

    attempt = street.start()

    assert (attempt.early, attempt.number, len(attempt.events)) == (True, 2, 1)


def test_what_is_no_event_ends_without_an_attempt_up_to_the_next_one() -> None:
    street = Street()
    lane_events = [
        an_event(1, change=None, unattempted="unreadable", reason="no JSON"),
        an_event(2, change=None, unattempted="rerouted"),
        an_event(3),
    ]
    street.lanes.restore(lane_events, NOW)

    (operation,) = street.operations
    end = End("dead", dead_class="unreadable", reason="no JSON")
    assert operation.records == (
        PutLink(ANN, Link(REF, taken=2)),
        Letter(lane_events[0], "unreadable", "no JSON", 0),
        Outcome(lane_events[0], end, 0, replay=False),
        Republish(lane_events[1]),
        Outcome(lane_events[1], End("rerouted"), 0, replay=False),
    )
    street.durable()
    assert street.ready() == [3]


def test_so_many_end_without_an_attempt_in_one_operation() -> None:
    street = Street(rules(batch_records_max=2))
    events = [an_event(offset, unattempted="rerouted") for offset in (1, 2, 3)]
    street.lanes.restore(events, NOW)

    assert len(street.operations[0].records) == 5
    street.durable()
    assert len(street.operations[0].records) == 3
