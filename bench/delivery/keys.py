"""Which user each event is of: evenly, or some far busier than others."""

from __future__ import annotations

import random
from itertools import accumulate

SEED = 5


def uniform(users: int, events: int) -> list[int]:
    """Return the user of each event, all as likely; the same each time."""
    dice = random.Random(SEED)
    return [dice.randrange(users) for _ in range(events)]


def zipf(users: int, events: int) -> list[int]:
    """Return the user of each event: the n-th has 1/n of the first one's events.

    The same each time.
    """
    dice = random.Random(SEED)
    busyness = list(accumulate(1 / rank for rank in range(1, users + 1)))
    return dice.choices(range(users), cum_weights=busyness, k=events)
