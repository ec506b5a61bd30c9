"""Workers killed at each step between a call and its ack, one after the other."""

from __future__ import annotations

from collections.abc import Callable
from itertools import cycle

from tests.chaos.fault_points import STEPS
from tests.chaos.faults import until_ready
from tests.chaos.stage import Stage

PASSED = 30  # a worker that has just started passes some steps without a call


def kill_at_each(stage: Stage, say: Callable[[str], None]) -> int:
    """Kill a worker at every step; return how often."""
    for step, worker in zip(STEPS, cycle(stage.workers), strict=False):
        happened = worker.kill_at(f"{step}:{PASSED}")
        assert happened, f"{worker.name} did not come to {step}"
        say(f"{worker.name} was killed at {step}")
        assert until_ready(worker), f"{worker.name} never came back"
    return len(STEPS)
