"""What one partition does with messages: plain objects."""

from __future__ import annotations

from processors.delivery.lane import Entry
from processors.delivery.link import Link, encode
from processors.delivery.records import (
    Meta,
    Park,
    PutLink,
)
from processors.delivery.verdict import RetryLater
from tests.support.core import (
    ANN,
    BOB,
    REF,
    TOPIC,
    Owner,
    an_event,
    nothing,
    rules,
)

PARKED = RetryLater("HTTP 503", 30.0)


def test_an_event_that_was_taken_is_acked_without_a_call() -> None:
    owner = Owner().serve(nothing(links={ANN: encode(Link(REF, 5))}))

    owner.arrive(an_event(4), an_event(5), an_event(6))

    assert owner.core.release() == [4, 5]
    assert owner.core.intake.redelivered == 2
    assert owner.core.intake.memory.events == 1
    assert owner.start().events[0].offset == 6


def test_a_redelivered_message_is_acked_after_a_fence_too() -> None:
    taken = nothing(links={BOB: encode(Link(REF, 2))})
    owner = Owner().serve(taken)
    owner.arrive(an_event(1), an_event(2, BOB))
    assert (owner.core.intake.redelivered, owner.core.intake.memory.events) == (1, 1)
    assert owner.core.release() == []

    owner.core.fenced()
    owner.core.opened()
    owner.core.loaded(taken)
    owner.write()
    owner.core.committed()
    owner.write()

    assert owner.core.intake.memory.events == 1
    owner.attempt()
    assert owner.core.release() == [1, 2]


def test_a_message_that_needs_nothing_keeps_no_bytes() -> None:
    owner, event = (
        Owner().serve(nothing(links={ANN: encode(Link(REF, 2))})),
        an_event(2),
    )

    owner.arrive(event)

    assert event.body is None
    assert owner.core.intake.memory.size_bytes == 0


def test_what_has_ended_but_is_not_acked_parks_nobody_for_its_distance() -> None:
    owner = Owner(rules(distance_max=1)).serve()
    owner.arrive(an_event(1))
    owner.attempt()

    owner.arrive(an_event(2), an_event(3))

    assert owner.core.want() == "nothing"


def test_a_redelivered_message_is_acked_while_the_worker_stops_too() -> None:
    owner = Owner().serve(nothing(links={ANN: encode(Link(REF, 5))}))
    owner.core.drain()

    owner.arrive(an_event(5))

    assert owner.core.release() == [5]


def test_what_lies_before_the_destination_s_start_is_acked_without_a_call() -> None:
    owner = Owner().serve(nothing(meta=Meta(TOPIC, start=5)))

    owner.arrive(an_event(4), an_event(5))

    assert owner.core.release() == [4]
    assert owner.start().events[0].offset == 5


def test_an_ack_waits_for_all_messages_before() -> None:
    owner = Owner().serve()
    owner.arrive(an_event(1), an_event(2, BOB))
    ann, bob = owner.start(), owner.start()

    owner.end(bob)
    owner.write()
    assert owner.core.release() == []
    assert owner.core.intake.memory.events == 1
    owner.end(ann)
    assert owner.core.release() == [], "not before it is durable"
    owner.write()
    assert owner.core.release() == [1, 2]
    assert owner.core.intake.memory.get(1) is None
    assert owner.core.intake.memory.size_bytes == 0


def test_a_parked_event_is_acked_and_leaves_memory_once() -> None:
    owner = Owner().serve()
    owner.arrive(an_event(1))

    owner.attempt(PARKED)
    assert owner.core.release() == [1]
    owner.now += 30
    owner.core.wake(owner.now)
    owner.attempt(PARKED)
    owner.now += 30
    owner.core.wake(owner.now)
    owner.attempt()

    assert (owner.core.intake.memory.events, owner.core.intake.memory.size_bytes) == (
        0,
        0,
    )
    assert len(owner.core.lanes) == 0


def test_a_full_partition_takes_no_more() -> None:
    owner = Owner(rules(events_max=2)).serve()
    owner.arrive(an_event(1))
    assert not owner.core.full

    owner.arrive(an_event(2))

    assert owner.core.full


def test_the_lane_that_holds_the_acks_back_is_parked() -> None:
    owner = Owner(rules(distance_max=2)).serve()
    owner.arrive(an_event(1), an_event(2, BOB), an_event(3, BOB))
    assert owner.core.want() == "nothing"

    owner.arrive(an_event(4, BOB))

    entry = Entry("waiting", 0, 0.0, owner.now, "held the others back")
    link, park = owner.write()
    assert link == PutLink(ANN, Link(REF, 1))
    assert isinstance(park, Park)
    assert (park.event.offset, park.entry) == (1, entry)
    assert owner.core.release() == [1]


def test_nothing_is_parked_for_its_distance_while_the_destination_is_away() -> None:
    owner = Owner(rules(distance_max=1)).serve()
    owner.core.reachable = False

    owner.arrive(an_event(1), an_event(5, BOB))

    assert owner.core.want() == "nothing"


def test_nothing_is_parked_for_its_distance_in_a_pause() -> None:
    owner = Owner(rules(distance_max=1)).serve(nothing(meta=Meta(TOPIC, paused=True)))

    owner.arrive(an_event(1), an_event(5, BOB))

    assert owner.core.want() == "nothing"


def test_a_lane_at_work_or_parked_already_is_not_parked_for_its_distance() -> None:
    owner = Owner(rules(distance_max=1)).serve()
    owner.arrive(an_event(1))
    attempt = owner.start()
    owner.arrive(an_event(5, BOB))
    assert owner.core.want() == "nothing"

    owner.end(attempt, PARKED)
    owner.write()
    owner.arrive(an_event(9, BOB))
    assert owner.core.want() == "nothing"
    assert owner.core.release() == [1]
