"""How seldom a worker looks for garbage, and how soon a thread gets its turn."""

from __future__ import annotations

import gc
import sys
import weakref
from collections.abc import Iterator

import pytest

from processors import interpreter


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    before, switch_seconds = gc.get_threshold(), sys.getswitchinterval()
    yield
    gc.set_threshold(*before)
    sys.setswitchinterval(switch_seconds)
    gc.unfreeze()


class Ring:
    """Refers to itself."""

    def __init__(self) -> None:
        self.ring = self


def test_what_is_there_is_never_looked_at_again() -> None:
    interpreter.tune()

    assert gc.get_freeze_count() > 1_000
    assert not any(gc.get_objects(generation) for generation in (1, 2))


def test_what_only_refers_to_itself_goes_after_some_ten_thousand_new_objects() -> None:
    interpreter.tune()
    gone = weakref.ref(Ring())

    kept = [[] for _ in range(2 * interpreter.NEW_OBJECTS)]  # type: list[list[int]]

    assert len(kept) == 2 * interpreter.NEW_OBJECTS
    assert gone() is None


def test_a_thread_that_waits_for_the_interpreter_asks_for_it_after_a_millisecond() -> (
    None
):
    interpreter.tune()

    assert sys.getswitchinterval() == pytest.approx(0.001)
