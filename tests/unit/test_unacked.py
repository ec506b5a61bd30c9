"""What may be committed, whatever the order of acks; compared with a plain model."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from processors.group.unacked import Unacked


def test_nothing_is_committable_before_anything_was_acked() -> None:
    # A commit of the same offset would carry our mark: who had set it would be hidden.
    unacked = Unacked()

    assert unacked.committable is None
    unacked.add(5, "five")
    assert unacked.committable is None


def test_an_offset_comes_only_once_and_never_after_a_later_one() -> None:
    unacked = Unacked()

    assert unacked.add(5, "five")
    assert not unacked.add(5, "five again")
    assert not unacked.add(4, "four")
    assert unacked.add(9, "nine")
    assert (unacked.newest, len(unacked)) == (9, 2)


def test_the_ack_of_another_message_with_that_offset_does_not_count() -> None:
    unacked = Unacked()
    unacked.add(5, first := object())

    unacked.add(6, second := object())
    unacked.end(6, second)

    assert not unacked.end(5, object())
    assert unacked.committable == 5
    assert unacked.end(5, first)
    assert not unacked.end(5, first)
    assert unacked.committable == 7


@given(st.sets(st.integers(0, 60), min_size=1), st.data())
def test_committable_is_the_oldest_that_waits_else_the_one_after_the_newest(
    offsets: set[int], data: st.DataObject
) -> None:
    unacked = Unacked()
    waiting = sorted(offsets)
    for offset in waiting:
        unacked.add(offset, offset)

    for offset in data.draw(st.permutations(waiting)):
        unacked.end(offset, offset)
        waiting.remove(offset)

        assert unacked.committable == (waiting[0] if waiting else max(offsets) + 1)
