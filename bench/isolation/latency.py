"""How long events take from being offered to reaching the destination."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Sequence
from math import ceil

from bench.delivery.crm import Call


def latencies(
    calls: Sequence[Call], users: Sequence[int], at: Sequence[float], first: int
) -> list[float]:
    """Return the seconds of each event that arrived, the shortest first.

    Event *first* + n is one of *users*[n] and was offered *at*[n]. A call of a later
    event stands for the earlier ones of its user, whose values it brings, too.

    >>> latencies([Call(7.5, "c_1", 11)], [1, 1, 2], [7.0, 7.25, 7.25], 10)
    [0.25, 0.5]
    """
    waiting = defaultdict[str, deque[int]](deque)
    for number, user in enumerate(users):
        waiting[f"c_{user}"].append(number)
    found = []
    for call in calls:
        numbers = waiting[call.contact]
        while numbers and numbers[0] + first <= call.event:
            found.append(call.at - at[numbers.popleft()])
    return sorted(found)


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return the smallest value that *share* of *ordered* do not exceed.

    >>> percentile([1.0, 2.0, 3.0, 4.0], 0.5)
    2.0
    """
    return ordered[max(0, ceil(share * len(ordered)) - 1)]
