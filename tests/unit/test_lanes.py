"""Parked events by user: plain functions, checked against a simple model."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from processors.delivery.lanes import Lanes, Parked


def parked(key: bytes, offset: int, due_at: float | None = 0.0) -> Parked:
    return Parked(key, offset, 1, due_at, 0.0, "HTTP 503", b"{}")


def test_only_the_head_of_a_lane_is_due() -> None:
    lanes = Lanes()
    lanes.park(parked(b"ann", 5, due_at=1.0))
    lanes.park(parked(b"ann", 3, due_at=9.0))

    assert lanes.next_due() == (9.0, parked(b"ann", 3, due_at=9.0))


def test_a_user_that_waits_holds_up_no_other() -> None:
    lanes = Lanes()
    lanes.park(parked(b"ann", 1, due_at=100.0))
    lanes.park(parked(b"bob", 2, due_at=1.0))

    due = lanes.next_due()

    assert due is not None
    assert due[1].key == b"bob"


def test_an_event_for_a_person_is_never_due_and_holds_up_nobody() -> None:
    lanes = Lanes()
    lanes.park(parked(b"ann", 1, due_at=None))

    assert lanes.next_due() is None
    assert not lanes.waits(b"ann")
    assert lanes.holds(b"ann", 1)
    assert len(lanes) == 1


offsets = st.integers(0, 5)
keys = st.sampled_from([b"a", b"b"])


@given(st.lists(st.tuples(st.booleans(), keys, offsets, st.floats(0, 9) | st.none())))
def test_whatever_is_parked_and_ended_lanes_agree_with_a_plain_set(
    steps: list[tuple[bool, bytes, int, float | None]],
) -> None:
    lanes, model = Lanes(), dict[tuple[bytes, int], float | None]()
    for park, key, offset, due_at in steps:
        if park:
            lanes.park(parked(key, offset, due_at))
            model[key, offset] = due_at
        else:
            lanes.end(key, offset)
            model.pop((key, offset), None)

    assert len(lanes) == len(model)
    for key in (b"a", b"b"):
        waiting = sorted(
            o for (k, o), due in model.items() if k == key and due is not None
        )
        assert lanes.waits(key) == bool(waiting)
        assert all(lanes.holds(key, offset) for k, offset in model if k == key)
    due = lanes.next_due()
    heads = {
        key: min(o for (k, o), d in model.items() if k == key and d is not None)
        for key in (b"a", b"b")
        if lanes.waits(key)
    }
    assert (due is None) == (not heads)
    if due is not None:
        assert heads[due[1].key] == due[1].offset
