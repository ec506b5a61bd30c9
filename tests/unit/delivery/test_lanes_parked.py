"""When parked lanes are attempted, and what is parked: plain objects."""

from __future__ import annotations

from processors.delivery.lane import Entry
from processors.delivery.operations import BEHIND
from processors.delivery.verdict import (
    NotMade,
    RetryLater,
    Unavailable,
)
from tests.support.core import (
    ANN,
    BOB,
    an_event,
    parked,
    rules,
)
from tests.support.street import NOW, Street

EVE = b"eve"


def test_a_parked_lane_is_due_at_its_time() -> None:
    street = Street()
    events = [
        parked(1, attempts=3, due_at=NOW + 5),
        parked(2),
        parked(3, BOB, due_at=NOW, attempts=1),
        parked(4, EVE),
    ]
    street.lanes.restore(events, NOW)

    assert street.lanes.due_at() == NOW + 5
    bob, eve = street.start(), street.start()
    assert (bob.events, bob.number, bob.early) == ((events[2],), 2, False)
    assert (eve.events, eve.number) == ((events[3],), 1)
    assert not street.lanes.has_ready

    street.lanes.wake(NOW + 5)
    ann = street.start()
    assert (ann.events, ann.number, ann.early) == ((events[0], events[1]), 4, False)


def test_nothing_is_tried_before_its_time_because_of_a_restart() -> None:
    street = Street()
    street.lanes.restore(
        [
            parked(1, due_at=NOW + 5),
            parked(2),
            parked(3, BOB, state="review"),
            parked(4, EVE, state="held"),
            parked(5, EVE),
        ],
        NOW,
    )

    assert street.ready() == []
    assert street.lanes.due_at() == NOW + 5
    assert street.operations == []


def test_what_was_folded_into_an_open_item_is_looked_at_after_a_restart() -> None:
    street = Street()
    street.lanes.restore([parked(1, state="review"), parked(2)], NOW)

    assert street.start().early


def test_what_comes_to_a_lane_that_waits_for_a_person_is_parked_behind() -> None:
    for state in ("held", "grace"):
        street = Street()
        street.lanes.restore([parked(1, state=state)], NOW)

        street.add(an_event(2))

        behind = Entry(first_failed_at=NOW, reason=BEHIND)
        assert street.parks() == [(2, behind)]
        street.durable()
        assert street.ready() == []
        assert street.lanes.due_at() is None


def test_a_new_event_brings_the_next_try_forward_once_in_a_while() -> None:
    street = Street(rules(early_try_seconds_min=60.0))
    street.lanes.restore([parked(1, attempts=2, due_at=NOW + 900)], NOW)

    street.add(an_event(2))
    attempt = street.end(RetryLater("HTTP 503"), NOW + 3)
    assert (attempt.early, attempt.number, len(attempt.events)) == (True, 3, 2)
    street.durable(NOW + 3)
    assert street.lanes.due_at() == NOW + 900

    street.add(an_event(3), now=NOW + 62)
    assert [offset for offset, _ in street.parks()] == [3]
    street.durable(NOW + 62)
    assert street.lanes.due_at() == NOW + 63
    street.lanes.wake(NOW + 63)
    attempt = street.end(RetryLater("HTTP 503"), NOW + 64)
    assert (attempt.early, attempt.number) == (True, 3)
    assert street.operations == []
    assert street.lanes.due_at() == NOW + 900


def test_the_time_of_a_lane_may_come_while_it_is_tried_early() -> None:
    street = Street()
    street.lanes.restore([parked(1, attempts=1, due_at=NOW + 5)], NOW)
    street.add(an_event(2))
    attempt = street.start()

    street.lanes.wake(NOW + 5)

    assert not attempt.lane.ready
    street.lanes.ended(attempt, NotMade(), NOW + 5, 0.5)
    assert street.ready() == [1]


def test_an_early_try_that_was_not_made_does_not_count_as_one() -> None:
    street = Street()
    street.lanes.restore([parked(1, due_at=NOW + 900)], NOW)
    street.add(an_event(2))

    for verdict in (NotMade(), Unavailable("auth", "HTTP 401")):
        assert street.end(verdict).early

    attempt = street.start()
    assert attempt.early
    assert attempt.lane.early_at is None


def test_a_lane_is_not_early_once_its_time_has_come() -> None:
    street = Street()
    street.lanes.restore([parked(1, due_at=NOW + 1)], NOW)
    street.add(an_event(2))
    lane = street.lanes.get(ANN)
    assert lane is not None
    assert lane.early

    street.lanes.advance(lane, NOW + 1)

    assert not street.start().early


def test_a_failed_early_try_of_parked_events_only_waits_for_its_time() -> None:
    street = Street()
    street.lanes.restore([parked(1, state="review"), parked(2)], NOW)

    street.end(RetryLater("HTTP 503"))

    assert street.operations == []
    assert street.ready() == []
    assert street.lanes.due_at() is None


def test_while_the_worker_stops_nothing_is_tried_early_or_waits_in_memory() -> None:
    street = Street()
    street.lanes.restore([parked(1, due_at=NOW + 900)], NOW)
    street.add(an_event(9, BOB))
    attempt = street.start()
    street.lanes.draining = True

    street.add(an_event(2))
    street.lanes.ended(attempt, RetryLater("HTTP 503"), NOW, 0.5)

    assert [offset for offset, _ in street.parks()] == [2, 9]


def test_a_released_lane_is_attempted_at_once() -> None:
    street = Street()
    street.lanes.restore([parked(1, state="held")], NOW)
    lane = street.lanes.get(ANN)
    assert lane is not None
    lane.events[0].entry = lane.events[0].entry and lane.events[0].entry.again(NOW)

    street.lanes.advance(lane, NOW)

    assert street.ready() == [1]


def test_a_lane_with_an_order_to_carry_out_is_not_attempted_meanwhile() -> None:
    street = Street()
    street.add(an_event(1), an_event(2, BOB))
    lane = street.lanes.get(ANN)
    assert lane is not None
    lane.busy = "settling"

    assert street.ready() == [2]

    street.lanes.durable(lane, frozenset(), NOW)
    assert street.ready() == [1]


def test_an_idle_lane_gives_its_memory_back_and_stays_due() -> None:
    street = Street(rules(batch_records_max=2))
    street.add(an_event(1), an_event(2), an_event(3))
    lane = street.lanes.get(ANN)
    assert lane is not None

    street.lanes.park(lane, NOW, "held the others back")

    head = Entry("waiting", 0, 0.0, NOW, "held the others back")
    behind = Entry(first_failed_at=NOW, reason=BEHIND)
    assert street.parks() == [(1, head), (2, behind)]
    street.durable()
    assert [event.offset for event in street.start().events] == [1, 2, 3]


def test_behind_a_parked_head_only_what_is_in_memory_is_parked() -> None:
    street = Street(rules(batch_records_max=1))
    street.lanes.restore([parked(1, due_at=NOW)], NOW)
    street.add(an_event(2), an_event(3))
    lane = street.lanes.get(ANN)
    assert lane is not None

    street.lanes.park(lane, NOW, "held the others back")

    assert street.parks() == [(2, Entry(first_failed_at=NOW, reason=BEHIND))]


def test_the_bodies_of_parked_events_do_not_stay_in_memory() -> None:
    street = Street()
    head, behind = parked(1, due_at=NOW), parked(2)
    street.lanes.restore([head, behind], NOW)
    street.end(NotMade())
    assert (head.body, behind.change) == (None, None)

    street.end(RetryLater("HTTP 503", 30.0))
    assert head.body is not None, "it is still to be written"
    street.durable()
    assert (head.body, behind.body) == (None, None)


def test_the_bodies_of_an_early_try_that_failed_do_not_stay_in_memory() -> None:
    street = Street()
    events = [parked(1, state="review"), parked(2)]
    street.lanes.restore(events, NOW)

    street.end(RetryLater("HTTP 503"))

    assert [event.body for event in events] == [None, None]
