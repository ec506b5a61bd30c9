"""One try for the events of a lane, and the rules it is made under."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from processors.delivery.bounds import Bounds
from processors.delivery.brake import USUAL, Brake
from processors.delivery.lane import Lane, Waiting
from processors.delivery.link import Link
from processors.delivery.retry import RetryPolicy
from processors.delivery.spend import Spend


@dataclass(slots=True, eq=False)
class Attempt:
    """One try for the events of a lane; `number` is its head's, the first one is 1.

    An `early` one is made before its time, because a new event came: where it fails,
    it does not count. All that was published up to `read_until` (epoch seconds) has
    been read.
    """

    lane: Lane
    events: tuple[Waiting, ...]
    number: int
    early: bool
    link: Link
    epoch: int
    read_until: float = 0.0
    effort: Any = None


@dataclass(frozen=True, slots=True)
class Rules:
    """What a destination's owner has decided about failures."""

    bounds: Bounds
    retry: RetryPolicy
    held_types: frozenset[str] = frozenset()  # after_dead_letter = "hold"
    ends_fold: frozenset[str] = frozenset()  # types after which nothing is folded
    brake: Brake = USUAL
    spend: Spend | None = None  # how calls are counted, where a budget asks for it
