"""Lanes and the events in them: plain objects."""

from __future__ import annotations

from processors.delivery.lane import Entry, Lane, Waiting
from tests.support.core import ANN, REF, an_event, parked

ALL = 1_000_000


def fold(*events: Waiting, events_max: int = 10, bytes_max: int = ALL) -> list[int]:
    found = Lane(ANN, list(events)).fold(events_max, bytes_max)
    return [event.offset for event in found]


def test_an_event_s_key_in_the_retry_topic_names_user_topic_and_offset() -> None:
    assert Waiting(b"a@b", REF, 17, 1).retry_key == b"a@b@topic-id@17"


def test_only_what_is_in_the_retry_topic_can_be_dropped() -> None:
    fresh, entered = an_event(1), an_event(2, entry=Entry())

    fresh.drop_body()
    entered.drop_body()

    assert fresh.body == "body 1"
    assert fresh.change is not None
    assert (entered.body, entered.change) == (None, None)


def test_a_body_is_not_shown() -> None:
    assert "body 1" not in repr(an_event(1))


def test_an_entry_tried_again_waits_and_keeps_its_attempts() -> None:
    entry = Entry("held", 3, None, 5.0, "HTTP 422", 77)

    assert entry.again(9.0) == Entry("waiting", 3, 9.0, 5.0, "HTTP 422", 77)


def test_a_fold_is_everything_from_the_head_on_parked_or_not() -> None:
    assert fold(parked(1), parked(2, state="review"), an_event(3)) == [1, 2, 3]


def test_a_fold_has_at_most_so_many_events_and_bytes_but_always_one() -> None:
    events = an_event(1), an_event(2), an_event(3)

    assert fold(*events, events_max=2) == [1, 2]
    assert fold(*events, events_max=1) == [1]
    assert fold(*events, bytes_max=200) == [1, 2]
    assert fold(*events, bytes_max=199) == [1]
    assert fold(*events, bytes_max=1) == [1]


def test_a_fold_ends_before_what_is_held_or_not_attempted() -> None:
    assert fold(an_event(1), parked(2, state="held"), an_event(3)) == [1]
    assert fold(an_event(1), an_event(2, unattempted="rerouted")) == [1]
    assert fold(parked(1, state="held"), an_event(2)) == [1, 2]


def test_after_a_refused_fold_each_event_is_tried_by_itself() -> None:
    lane = Lane(ANN, [an_event(1), an_event(2)])
    lane.single = lane.events[1]

    assert lane.fold(10, ALL) == (lane.events[0],)


def test_a_lane_knows_what_is_not_parked_and_whether_that_was_tried() -> None:
    lane = Lane(ANN, [parked(1), an_event(2)])

    assert lane.in_memory == [lane.events[1]]
    assert lane.has_news
    lane.tried = lane.events[1]
    assert not lane.has_news


def test_a_new_head_begins_at_its_first_attempt() -> None:
    lane = Lane(ANN, attempts=3, due_at=7.0)

    lane.begin_anew()

    assert (lane.attempts, lane.due_at) == (0, 0.0)
