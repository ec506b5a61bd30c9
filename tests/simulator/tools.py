"""What every partition of one worker works with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from processors.ledger.encode import Encoder
from processors.pace import Pace
from tests.simulator.attempts import Attempts
from tests.simulator.broker import Broker
from tests.simulator.clock import Clock, Process
from tests.simulator.ledger import Fate
from tests.simulator.notes import Notes
from tests.simulator.reading import Reading

if TYPE_CHECKING:
    from tests.simulator.owned import Owned


@dataclass(frozen=True)
class Tools:
    """The worker's side of a partition: parts to use, and functions to tell."""

    process: Process
    clock: Clock
    random: Random
    broker: Broker
    notes: Notes
    encoder: Encoder
    pace: Pace
    attempts: Attempts
    reading: Reading
    fate: Callable[[], Fate]
    may_own: Callable[[], bool]
    acked: Callable[[int, int], None]
    closed: Callable[[], None]
    changed: Callable[[], None]
    ended_call: Callable[[], None]
    watch: Callable[[int, int], None]  # commands of a partition, from an offset on
    touched: Callable[[Owned], None]
