"""What is held in memory: a plain object."""

from __future__ import annotations

from processors.delivery.bounds import Bounds
from processors.delivery.memory import Memory
from tests.support.core import an_event


def test_events_and_bytes_are_counted_until_an_event_has_ended() -> None:
    memory, first, second = Memory(), an_event(1), an_event(2)

    memory.add(second)
    memory.add(first)
    assert (memory.events, memory.size_bytes) == (2, 200)

    memory.end(first)
    assert (memory.events, memory.size_bytes) == (1, 100)
    assert memory.get(1) is first
    assert memory.unacked() == [first, second]

    memory.forget([1, 99])
    assert memory.get(1) is None
    assert memory.unacked() == [second]
    assert (memory.events, memory.size_bytes) == (1, 100)


def test_either_bound_is_reached_at_its_value() -> None:
    memory = Memory()
    memory.add(an_event(1))

    assert memory.exceeds(Bounds(events_max=1))
    assert memory.exceeds(Bounds(bytes_max=100))
    assert not memory.exceeds(Bounds(events_max=2, bytes_max=101))
