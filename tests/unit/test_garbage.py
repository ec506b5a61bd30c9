"""How seldom a worker looks for objects that only refer to each other."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from processors import garbage


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


class Ring:
    """Refers to itself."""

    def __init__(self) -> None:
        self.ring = self


def test_what_is_there_is_never_looked_at_again() -> None:
    garbage.seldom()

    assert gc.get_freeze_count() > 1_000
    assert not any(gc.get_objects(generation) for generation in (1, 2))


def test_what_only_refers_to_itself_goes_after_some_ten_thousand_new_objects() -> None:
    garbage.seldom()
    gone = weakref.ref(Ring())

    kept = [[] for _ in range(2 * garbage.NEW_OBJECTS)]  # type: list[list[int]]

    assert len(kept) == 2 * garbage.NEW_OBJECTS
    assert gone() is None
