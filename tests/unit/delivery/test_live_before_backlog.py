"""Old events wait behind new ones, and leave the memory when it is full of them."""

from __future__ import annotations

import pytest

from processors.delivery.lane import Entry
from processors.delivery.records import Meta, Park, PutLink
from processors.delivery.verdict import NotMade
from tests.support.core import ANN, BOB, TOPIC, Owner, an_event, nothing, parked, rules

EVE, JIM, KIM = b"eve", b"jim", b"kim"
Age = dict[str, float]
OLD, NEW = {"happened_at": 39.0}, {"happened_at": 41.0}  # the owner's clock says 100
WAITS = "waits for the budget"


def started(owner: Owner, *, backlog: bool = False) -> bytes:
    """Start the next attempt; return whose it is."""
    attempt = owner.core.start(backlog=backlog)
    assert attempt is not None
    return attempt.lane.user


def has(owner: Owner) -> tuple[bool, bool]:
    """Return whether there are live lanes, and whether there is backlog."""
    return owner.core.ready(owner.now)


def test_a_live_lane_goes_before_an_older_one_that_came_first() -> None:
    owner = Owner().serve()
    owner.arrive(an_event(1, ANN, **OLD), an_event(2, BOB, **NEW))

    assert has(owner) == (True, True)
    assert [started(owner), started(owner)] == [BOB, ANN]


def test_the_backlog_is_given_its_part_while_live_lanes_wait() -> None:
    owner = Owner().serve()
    owner.arrive(an_event(1, ANN, **NEW), an_event(2, BOB, **OLD))

    assert has(owner) == (True, True)
    assert started(owner, backlog=True) == BOB
    assert has(owner) == (True, False)


@pytest.mark.parametrize("ages", [(OLD, NEW), (NEW, OLD)])
def test_a_lane_is_live_while_one_of_its_events_is(ages: tuple[Age, Age]) -> None:
    owner = Owner(rules(backlog_after_seconds=60.0)).serve()
    owner.arrive(*[an_event(n, ANN, **age) for n, age in enumerate(ages, 1)])
    assert owner.core.ready(owner.now)[0]
    owner.now += 60.0

    assert has(owner) == (False, True)


def test_a_live_event_brings_what_waits_before_it_forward_in_order() -> None:
    owner = Owner().serve()
    owner.arrive(an_event(1, BOB, **OLD), an_event(2, EVE, **OLD))
    owner.arrive(an_event(3, EVE, **NEW))

    attempts = [owner.start() for _ in range(2)]

    assert [a.lane.user for a in attempts] == [EVE, BOB]
    assert [event.offset for event in attempts[0].events] == [2, 3]
    assert owner.core.start() is None


def test_a_lane_that_was_parked_is_brought_forward_too() -> None:
    owner = Owner(rules(events_max=2)).serve()
    owner.arrive(an_event(1, ANN, **OLD), an_event(2, BOB, **OLD))
    owner.core.make_room(owner.now)
    owner.write()
    owner.arrive(an_event(3, BOB, **NEW))

    attempt = owner.start()

    assert [event.offset for event in attempt.events] == [2, 3]


def test_a_live_lane_that_has_waited_as_long_is_backlog_at_its_end() -> None:
    owner = Owner(rules(backlog_after_seconds=60.0)).serve()
    owner.arrive(an_event(1, ANN, **NEW), an_event(2, BOB, **OLD))
    owner.now += 59.0
    assert has(owner) == (True, True)

    owner.now += 1.0

    assert has(owner) == (False, True)
    assert [started(owner), started(owner)] == [BOB, ANN]


def test_an_attempt_that_was_not_made_keeps_its_class() -> None:
    owner = Owner().serve()
    owner.arrive(an_event(1, ANN, **NEW))

    owner.end(owner.start(), NotMade())

    assert has(owner) == (True, False)


def test_what_was_parked_is_backlog() -> None:
    owner = Owner().serve(nothing(parked=(parked(1, due_at=90.0),)))
    owner.arrive(an_event(2, BOB, **NEW))

    assert has(owner) == (True, True)


def test_no_class_has_a_lane_in_a_pause_or_before_serving() -> None:
    owner = Owner()
    assert has(owner) == (False, False)
    owner.serve().arrive(an_event(1))
    owner.core.drain()

    assert has(owner) == (False, False)


def test_room_is_made_of_the_half_whose_turn_comes_last() -> None:
    owner = Owner(rules(events_max=4)).serve()
    owner.arrive(an_event(1, ANN), an_event(2, BOB), an_event(3, EVE), an_event(4, BOB))
    assert owner.core.full

    assert owner.core.make_room(owner.now)

    records = owner.write()
    parks = [(r.event.offset, r.entry) for r in records if isinstance(r, Park)]
    assert parks[0] == (2, Entry("budget", 0, None, owner.now, WAITS))
    assert [offset for offset, _ in parks] == [2, 4]
    assert [r.link.taken for r in records if isinstance(r, PutLink)] == [4]
    assert not owner.core.full
    assert owner.core.intake.memory.events == 2


def test_what_left_to_make_room_keeps_its_turn_and_no_attempt_was_counted() -> None:
    owner = Owner(rules(events_max=2)).serve()
    owner.arrive(an_event(1, ANN), an_event(2, BOB))
    owner.core.make_room(owner.now)
    owner.write()
    owner.arrive(an_event(3, BOB), an_event(4, EVE))

    attempts = [owner.start() for _ in range(3)]

    assert [a.lane.user for a in attempts] == [ANN, BOB, EVE]
    assert [event.offset for event in attempts[1].events] == [2, 3]
    assert attempts[1].number == 1


def test_after_a_restart_it_is_attempted_at_once() -> None:
    found = (parked(1, state="budget"), parked(2, BOB, state="budget", attempts=2))
    owner = Owner().serve(nothing(parked=found))

    assert [owner.start().number for _ in found] == [1, 3]


def test_a_lane_that_has_left_is_joined_by_what_came_later() -> None:
    owner = Owner(rules(events_max=2)).serve()
    owner.arrive(an_event(1, ANN), an_event(2, ANN))
    owner.core.make_room(owner.now)
    owner.write()
    owner.arrive(an_event(3, ANN), an_event(4, ANN))

    owner.core.make_room(owner.now)

    parks = [r for r in owner.write() if isinstance(r, Park)]
    assert [r.event.offset for r in parks] == [3, 4]
    assert {r.entry.state for r in parks} == {"waiting"}
    assert len(owner.start().events) == 4


@pytest.mark.parametrize("why", ["live", "calling", "paused", "gate", "writing"])
def test_no_room_is_made_of(why: str) -> None:
    meta = {"meta": Meta(TOPIC, paused=True)} if why == "paused" else {}
    owner = Owner(rules(events_max=1)).serve(nothing(**meta))
    owner.arrive(an_event(1, ANN, **(NEW if why == "live" else OLD)))
    if why == "calling":
        owner.start()
    if why == "gate":
        owner.core.reachable = False
    if why == "writing":
        assert owner.core.make_room(owner.now)

    assert not owner.core.make_room(owner.now)


def test_after_a_look_for_room_in_vain_it_looks_again_only_after_a_while() -> None:
    owner = Owner(rules(events_max=2)).serve()
    owner.arrive(an_event(1, ANN, **OLD), an_event(2, BOB, **NEW))
    attempt = owner.start()
    assert attempt.lane.user == BOB
    busy = owner.core.start()
    assert busy is not None
    assert not owner.core.make_room(owner.now)
    owner.end(busy, NotMade())

    assert not owner.core.make_room(owner.now + 0.05)
    assert owner.core.make_room(owner.now + 0.15)


def test_all_that_holds_the_acks_back_leaves_too() -> None:
    owner = Owner(rules(events_max=4, distance_max=10)).serve()
    owner.arrive(an_event(1, ANN), an_event(2, BOB), an_event(3, EVE))
    owner.arrive(an_event(8, JIM), an_event(12, KIM))  # the oldest is parked for it
    owner.write()
    owner.arrive(an_event(13, KIM), an_event(14, KIM))

    assert owner.core.make_room(owner.now)

    parks = [r.event.offset for r in owner.write() if isinstance(r, Park)]
    assert parks == [2, 3, 12, 13, 14]
    assert owner.core.release() == [1, 2, 3]


def test_what_comes_next_of_the_parked_ones_can_be_fetched_ahead() -> None:
    found = [parked(n, b"u%d" % n, state="budget") for n in range(1, 6)]
    owner = Owner().serve(nothing(parked=found))
    owner.arrive(an_event(6, b"u2"))
    first = owner.start()

    ahead = owner.core.lanes.upcoming(lanes_max=2, bytes_max=1_000_000)

    assert [event.offset for event in first.events] == [1]
    assert [event.offset for event in ahead] == [2, 3]


def test_what_is_fetched_ahead_has_a_bound() -> None:
    found = [parked(n, b"u%d" % n, state="budget") for n in range(1, 6)]
    owner = Owner().serve(nothing(parked=found))

    ahead = owner.core.lanes.upcoming(lanes_max=5, bytes_max=found[0].size_bytes + 1)

    assert [event.offset for event in ahead] == [1, 2]
