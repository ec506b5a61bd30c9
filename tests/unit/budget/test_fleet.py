"""How many workers a limit has calls for."""

from __future__ import annotations

from typing import Any

import pytest

from processors.rest.connection import Limits
from processors.rest.fleet import too_small, workers_max

PARTITIONS = 12
TWO = {"calls": 2, "per_seconds": 1}
MANY = {"calls": 190, "per_seconds": 10}


def limits(*rates: dict[str, Any], **rest: Any) -> Limits:
    return Limits.model_validate({"rates": rates, **rest})


@pytest.mark.parametrize(
    ("found", "workers", "says", "most"),
    [
        (limits(TWO), 2, None, 1),
        (limits(TWO), 3, "2 calls per 1 s", 2),
        (limits(MANY, TWO), 3, "2 calls per 1 s", 2),
        (limits({**TWO, "keep_free": 0.5}), 2, "2 calls per 1 s", 1),
        (limits({**TWO, "keep_free": 0.9}), 1, "2 calls per 1 s", 0),
        (limits(MANY, concurrency=4), 4, None, 3),
        (limits(MANY, concurrency=4), 5, "concurrency = 4", 4),
        # Those beyond the partitions own none, and take nothing from the others.
        (limits(MANY), 20, None, 19),
    ],
)
def test_one_worker_more_must_leave_everybody_a_call(
    found: Limits, workers: int, says: str | None, most: int
) -> None:
    assert too_small(found, workers, PARTITIONS) == says
    assert workers_max(found, workers, PARTITIONS) == most
