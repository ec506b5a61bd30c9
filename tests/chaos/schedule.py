"""Which faults come when: each kind once in any order, then at random."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator

from tests.chaos.faults import FAULTS, Fault
from tests.chaos.stage import Stage

GAP_SECONDS = (3.0, 6.0)


def inflict_until(
    deadline: float, stage: Stage, seed: int, say: Callable[[str], None]
) -> int:
    """Inflict faults until *deadline* (monotonic); return how many.

    One that would not be over by then is left out.
    """
    chance = random.Random(seed)  # noqa: S311 -- no secret
    number = 0
    for fault in _kinds(chance):
        gap = chance.uniform(*GAP_SECONDS)
        left = deadline - time.monotonic() - gap
        if left < min(one.seconds for one in FAULTS):
            return number
        if left < fault.seconds:
            continue
        time.sleep(gap)
        number += 1
        say(f"{number}. {fault.name}: {fault.inflict(stage, chance)}")
    return number


def _kinds(chance: random.Random) -> Iterator[Fault]:
    first = list(FAULTS)
    chance.shuffle(first)
    yield from first
    weights = [fault.weight for fault in FAULTS]
    while True:
        yield from chance.choices(FAULTS, weights)
