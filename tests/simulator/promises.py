"""S1, S4 and S5 at the end of a run, when no fault is left and all is at rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from processors.ledger import keys
from tests.simulator.broker import Committed
from tests.simulator.history import Source
from tests.simulator.newest import check_user
from tests.simulator.notes import Broken
from tests.simulator.plan import PARTITIONS
from tests.simulator.users import NUMBERS

if TYPE_CHECKING:
    from tests.simulator.world import World

FOR_A_PERSON = ("held", "review")
CALM_SECONDS_MAX = 15.0


def unrest(world: World) -> list[str]:
    """Return what still has to come to its end; what waits for a person has not."""
    lanes, workers = world.history.lanes.values(), world.fleet.alive
    numbers = range(PARTITIONS)
    return [
        *(str(lane[0]) for lane in lanes if not _waits_for_a_person(lane)),
        *(f"messages of {p}" for p in numbers if not _is_read(world, p)),
        *(f"commands of {p}" for p in numbers if not _has_obeyed(world, p)),
        *(f"calls of {w.process.name}" for w in workers if w.partitions.calls),
    ]


def _is_read(world: World, partition: int) -> bool:
    committed = world.broker.offsets.get(partition, Committed()).offset or 0
    return not world.broker.topic.read(partition, committed, 1)


def _waits_for_a_person(lane: list[Source]) -> bool:
    head = next((s for s in lane if not s.settled and not s.gone), None)
    if head is None:
        return True
    return head.parked is not None and head.parked.state in FOR_A_PERSON


def _has_obeyed(world: World, partition: int) -> bool:
    meta = world.broker.ledgers[partition].meta
    done = -1 if meta is None else meta.commands
    return done + 1 >= world.broker.commands.end(partition)


def check_end(world: World) -> None:
    """Hold the whole run against its promises.

    Raises:
        Broken: One does not hold; what holds at every step was checked then.
    """
    for source in world.history:
        if not source.is_done:
            raise Broken(f"S1: {source} has no outcome and is not parked")
        if source.settled and source.gone == "" and not source.outcomes:
            raise Broken(f"S5: {source} has no outcome")
    for (partition, lane), sources in world.history.lanes.items():
        if lane != keys.NONE:
            check_user(world, partition, lane, sources)
            if world.plan.calm:
                _nobody_delays(world, lane, sources)


def _nobody_delays(world: World, lane: bytes, sources: list[Source]) -> None:
    """S4: who is in no trouble waits for nobody who is."""
    if NUMBERS.get(lane.decode()) in world.plan.failing:
        return
    if any(source.troubled for source in sources):
        return
    for source in sources:
        waited = source.outcomes[0].at - source.arrived_at if source.outcomes else 0.0
        if waited > CALM_SECONDS_MAX:
            raise Broken(f"S4: {source} was delayed by {waited:.1f} s")
        world.notes("undelayed")
