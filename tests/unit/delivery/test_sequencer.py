"""The order of acks: a plain object, checked against a simple model."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.delivery.sequencer import Sequencer


def waiting(*offsets: int) -> Sequencer:
    sequencer = Sequencer()
    for offset in offsets:
        sequencer.add(offset)
    return sequencer


def test_nothing_waits_at_first() -> None:
    sequencer = Sequencer()

    assert len(sequencer) == 0
    assert (sequencer.oldest, sequencer.newest, sequencer.distance) == (-1, -1, 0)
    assert sequencer.release() == []


def test_an_offset_waits_for_all_before_it() -> None:
    sequencer = waiting(3, 5, 9)

    sequencer.end(9)
    sequencer.end(5)

    assert sequencer.release() == []
    assert (sequencer.oldest, sequencer.newest, sequencer.distance) == (3, 9, 6)
    assert len(sequencer) == 3

    sequencer.end(3)

    assert sequencer.release() == [3, 5, 9]
    assert sequencer.release() == []
    assert (len(sequencer), sequencer.distance, sequencer.oldest) == (0, 0, -1)
    assert sequencer.newest == 9


def test_what_ended_before_a_fence_ends_anew() -> None:
    sequencer = waiting(1, 2)
    sequencer.end(1)

    sequencer.reopen()

    assert sequencer.release() == []
    sequencer.end(1)
    assert sequencer.release() == [1]


@pytest.mark.parametrize("offset", [4, 3])
def test_a_message_that_comes_twice_is_refused(offset: int) -> None:
    with pytest.raises(ValueError, match=f"offset {offset} comes after 4"):
        waiting(4).add(offset)


@given(st.permutations(range(8)), st.integers(0, 8))
def test_whatever_ends_first_the_longest_finished_beginning_is_released(
    order: list[int], ended: int
) -> None:
    sequencer, released = waiting(*range(8)), list[int]()
    for offset in order[:ended]:
        sequencer.end(offset)
        released += sequencer.release()

    done = set(order[:ended])
    whole = next((offset for offset in range(8) if offset not in done), 8)
    assert released == list(range(whole))
    assert len(sequencer) == 8 - whole
