"""Gives the measured server a core of its own, and everything else the others."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.ingest.missing import Missing


@dataclass(frozen=True)
class Cores:
    """Which cores the server runs on, and which wrk and the broker."""

    server: frozenset[int]
    others: frozenset[int]


def shared_out() -> Cores:
    """Return one core for the server and the rest; raise `Missing` where it cannot."""
    if not hasattr(os, "sched_setaffinity"):
        raise Missing("this comparison pins processes to cores and needs Linux")
    first, *rest = sorted(os.sched_getaffinity(0))
    if not rest:
        raise Missing("two cores are needed: one for the server, one for the load")
    return Cores(frozenset({first}), frozenset(rest))


@contextlib.contextmanager
def starting_on(cores: frozenset[int]) -> Iterator[None]:
    """Let the processes started inside run on *cores* only, and their threads."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def busy_seconds(core: int) -> float:
    """Return how long *core* has been at work since boot (proc_stat(5))."""
    for line in Path("/proc/stat").read_text().splitlines():
        name, *ticks = line.split()
        if name == f"cpu{core}":
            user, nice, system, _, _, irq, softirq, *_ = map(int, ticks)
            at_work = user + nice + system + irq + softirq
            return at_work / os.sysconf("SC_CLK_TCK")
    raise Missing(f"/proc/stat does not know core {core}")
