"""When lanes are looked at again: a plain object, checked against a dictionary."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from processors.delivery.lane import Lane
from processors.delivery.timers import SLACK, Timers


def test_lanes_come_in_the_order_of_their_times_each_once() -> None:
    timers, ann, bob, eve = Timers(), Lane(b"ann"), Lane(b"bob"), Lane(b"eve")
    timers.set(ann, 2.0)
    timers.set(bob, 1.0)
    timers.set(eve, 3.0)

    assert timers.next() == 1.0
    assert timers.due(0.9) == []
    assert timers.due(2.0) == [bob, ann]
    assert timers.due(2.0) == []
    assert timers.next() == 3.0
    assert len(timers) == 1
    assert ann.wake_at is None


def test_lanes_with_one_time_come_as_they_were_set() -> None:
    timers, lanes = Timers(), [Lane(b"%d" % number) for number in range(5)]
    for lane in lanes:
        timers.set(lane, 1.0)

    assert timers.due(1.0) == lanes


def test_the_earliest_time_of_a_lane_counts() -> None:
    timers, lane = Timers(), Lane(b"ann")
    timers.set(lane, 5.0)
    timers.set(lane, 5.0)
    timers.set(lane, 9.0)
    assert timers.next() == 5.0

    timers.set(lane, 2.0)
    assert (timers.next(), len(timers), lane.wake_at) == (2.0, 1, 2.0)
    assert timers.due(9.0) == [lane]
    assert timers.next() is None


def test_a_lane_that_has_ended_is_not_looked_at() -> None:
    timers, lane = Timers(), Lane(b"ann")
    timers.set(lane, 1.0)
    timers.cancel(lane)
    timers.cancel(lane)

    assert (timers.next(), timers.due(9.0), len(timers)) == (None, [], 0)


def test_times_that_were_replaced_do_not_pile_up() -> None:
    timers, lane, other = Timers(), Lane(b"ann"), Lane(b"bob")
    timers.set(other, 0.5)
    for number in range(1000, 0, -1):
        timers.set(lane, float(number))

    assert len(timers._times) <= 2 * 2 + SLACK
    assert timers.due(2.0) == [other, lane]

    for number in range(2 + SLACK):
        timers.set(lane, 1.0 + number)
        timers.cancel(lane)
    assert len(timers._times) == 2 + SLACK
    timers.set(lane, 0.25)
    assert len(timers._times) == 1
    assert timers.due(0.25) == [lane]


steps = st.tuples(
    st.sampled_from(["set", "cancel", "due"]), st.integers(0, 3), st.integers(0, 9)
)


@given(st.lists(steps))
def test_timers_agree_with_a_dictionary(found: list[tuple[str, int, int]]) -> None:
    timers, model = Timers(), dict[Lane, float]()
    lanes = [Lane(b"%d" % number) for number in range(4)]
    for step, number, at in found:
        lane = lanes[number]
        if step == "set":
            timers.set(lane, float(at))
            model[lane] = min(float(at), model.get(lane, 10.0))
        elif step == "cancel":
            timers.cancel(lane)
            model.pop(lane, None)
        else:
            due = sorted(time for time in model.values() if time <= at)
            assert [model.pop(lane) for lane in timers.due(float(at))] == due
        assert timers.next() == min(model.values(), default=None)
        assert len(timers) == len(model)
