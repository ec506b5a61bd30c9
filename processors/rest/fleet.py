"""How many workers can share the limits of a destination."""

from __future__ import annotations

from collections.abc import Iterator

from processors.rest.connection import Limits
from processors.rest.spacing import share_of


def shares(limits: Limits, owned: int, partitions: int) -> Iterator[tuple[str, int]]:
    """Yield each limit, as its file has it, with the calls of one worker.

    It owns so many of the partitions.
    """
    for rate in limits.rates:
        named = f"{rate.calls} calls per {rate.per_seconds:g} s"
        yield named, share_of(rate.calls, rate.keep_free, owned, partitions)
    if limits.concurrency is not None:
        named = f"concurrency = {limits.concurrency}"
        yield named, share_of(limits.concurrency, 0.0, owned, partitions)


def too_small(limits: Limits, workers: int, partitions: int) -> str | None:
    """Return the limit of which one of *workers* has less than a call, if there is one.

    Partitions are spread evenly; a worker too many for them owns none, and waits.
    """
    owned = max(1, partitions // workers)
    found = (named for named, calls in shares(limits, owned, partitions) if calls == 0)
    return next(found, None)


def workers_max(limits: Limits, workers: int, partitions: int) -> int:
    """Return how many, below *workers*, can share the limits; 0 where none can."""
    fitting = (
        count
        for count in range(workers - 1, 0, -1)
        if too_small(limits, count, partitions) is None
    )
    return next(fitting, 0)
