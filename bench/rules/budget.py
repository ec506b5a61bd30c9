"""What the budget costs a call that need not wait."""

from __future__ import annotations

import asyncio
import time

from processors.rest.budget import Budget
from processors.rest.connection import Limits

CALLS, ROUNDS = 5_000, 7
# Two windows, as most vendors have, which never fill.
LIMITS = Limits.model_validate(
    {
        "rates": [
            {"calls": 10**8, "per_seconds": 1},
            {"calls": 10**9, "per_seconds": 10},
        ]
    }
)


def microseconds_per_call() -> float:
    """Return the least CPU time of several rounds."""
    return asyncio.run(_measured())


async def _measured() -> float:
    budget = Budget(LIMITS)
    budget.assigned(1, 1)
    await budget.wait("update")  # until there is room
    return min([await _round(budget) for _ in range(ROUNDS)])


async def _round(budget: Budget) -> float:
    started = time.process_time()
    for _ in range(CALLS):
        await budget.wait("update")
        with budget.calling() as began:
            pass
        budget.accepted(began)
    return (time.process_time() - started) / CALLS * 1e6
