"""How fast a worker can be: the arithmetic of docs/explanation/capacity.md.

Everything is per second and in seconds; a *share* is a part of all events, 0 to 1.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from math import exp

from processors.rest.spacing import share_of, spacing


def in_flight(calls_in_flight: int, seconds_per_call: float) -> float:
    """Return the calls per second that so many places allow.

    >>> in_flight(256, 0.1)
    2560.0
    """
    return calls_in_flight / seconds_per_call


def of_cpu(cpu_seconds_per_event: float) -> float:
    """Return the events per second of one process, whose Python runs on one core.

    >>> of_cpu(0.0005)
    2000.0
    """
    return 1.0 / cpu_seconds_per_event


def one_after_another(busiest_share: float, seconds_per_call: float) -> float:
    """Return the events per second where the busiest of all waits for each call.

    That is a user where order is kept by user, a partition where it is kept by
    partition, and everybody, with a share of 1, where there is one line for all.

    >>> one_after_another(0.135, 0.02)  # a user with 13.5 % of the events, 20 ms
    370.37...
    """
    return 1.0 / (busiest_share * seconds_per_call)


def seconds_per_call(busiest_share: float, events_per_second: float) -> float:
    """Return how long a call took, from a rate that `one_after_another` set."""
    return 1.0 / (busiest_share * events_per_second)


def busiest_share(keys: Iterable[Hashable]) -> float:
    """Return the part of the events that the busiest key has.

    >>> busiest_share(["ann", "bob", "ann", "cem"])
    0.5
    """
    counts = Counter(keys)
    return max(counts.values()) / counts.total()


def shares(keys: Iterable[Hashable]) -> list[float]:
    """Return the part of the events that each key has, the busiest first.

    >>> shares(["ann", "bob", "ann", "cem"])
    [0.5, 0.25, 0.25]
    """
    counts = Counter(keys)
    return [count / counts.total() for _, count in counts.most_common()]


def calls_per_event(
    of_users: Sequence[float], events_per_second: float, seconds_per_call: float
) -> float:
    """Return how many calls an event takes where waiting events become one call.

    What a partition has called for becomes durable together, so its users have a call
    in each round of *seconds_per_call*, or none where none of their events came in it.
    Events come by chance, *events_per_second*, and none wait but for that; where there
    is a backlog more of them share a call.

    >>> calls_per_event([0.5, 0.25, 0.25], 8.0, 0.25)  # 4, 2 and 2 events a second
    0.70...
    """
    of_round = events_per_second * seconds_per_call
    return sum(1.0 - exp(-share * of_round) for share in of_users) / of_round


def of_budget(calls: int, per_seconds: float, owned: int, partitions: int) -> float:
    """Return the calls per second that a worker makes of a rate of the whole fleet.

    Its part is rounded down, and its calls are spaced.

    >>> of_budget(190, 10.0, 6, 12)  # one of two workers, of at most 9.5
    9.424...
    """
    part = share_of(calls, 0.0, owned, partitions)
    bucket = spacing(part, per_seconds)
    return bucket.burst / bucket.drain_seconds


def workers_for(
    events_per_second: float, events_per_second_of_one: float, partitions: int
) -> int | None:
    """Return how many workers a load takes; None where partitions are too few.

    >>> workers_for(5_000.0, 2_000.0, 12), workers_for(50_000.0, 2_000.0, 12)
    (3, None)
    """
    wanted = -int(-events_per_second // events_per_second_of_one)
    return wanted if wanted <= partitions else None
