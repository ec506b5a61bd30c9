"""Which lanes leave the memory when it is full of what only waits for its turn."""

from __future__ import annotations

from processors.delivery.lane import Lane
from processors.delivery.lanes import Lanes
from processors.delivery.memory import Memory


def leaving(memory: Memory, lanes: Lanes, now: float, before: int) -> list[Lane]:
    """Return lanes that hold about half of *memory*: those whose turn comes last.

    And those that hold the acks back with an event *before* that offset: beside what
    is in memory, all behind it waits for its ack.
    Only backlog leaves, and only lanes that could be attempted at once: one that is at
    work ends soon, and one that waits for its time is parked by its own rules.
    """
    found = dict.fromkeys(
        lane
        for event in memory.before(before)
        if (lane := lanes.get(event.user)) and _waits_for_its_turn(lane, now)
    )
    left, enough = 0, max(1, memory.events // 2)
    for event in memory.newest_first():
        if left >= enough:
            break
        lane = lanes.get(event.user)
        if lane is not None and lane not in found and _waits_for_its_turn(lane, now):
            found[lane] = None
            left += len(lane.in_memory)
    return list(found)


def _waits_for_its_turn(lane: Lane, now: float) -> bool:
    idle = lane.ready and lane.busy == "no"
    return idle and bool(lane.in_memory) and lane.live_until <= now
