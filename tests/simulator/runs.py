"""Many runs on all cores that they may have, and what came of them together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context

from tests.simulator.world import Result, run

PROCESSES = 2
TOGETHER = 10


@dataclass
class Totals:
    """What many runs came to."""

    runs: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    failures: list[Result] = field(default_factory=list)

    def add(self, result: Result) -> None:
        """Take in one run."""
        self.runs += 1
        self.counts.update(result.counts)
        if result.failure:
            self.failures.append(result)

    def __str__(self) -> str:
        told = f"runs={self.runs} events={self.counts['appended']}"
        return f"{told} calls={self._calls} failures={len(self.failures)}"

    @property
    def _calls(self) -> int:
        made = ("Find", "Create", "Update", "Restore", "Deactivate", "Delete")
        return sum(self.counts[f"call {name}"] for name in made)


def told(result: Result) -> str:
    """Return what failed, and how to see it again."""
    again = f"python -m tests.simulator --seed {result.seed} --trace"
    return f"seed {result.seed} {result.failure}\n  again: {again}"


class Runner:
    """Runs seeds in processes of their own."""

    def __init__(self, pool: ProcessPoolExecutor) -> None:
        self._pool = pool

    def results(self, seeds: Iterable[int]) -> Iterator[Result]:
        """Yield what came of each seed, in their order."""
        return self._pool.map(run, seeds, chunksize=TOGETHER)


@contextmanager
def runner(processes: int = PROCESSES) -> Iterator[Runner]:
    """Start *processes*, and end them."""
    context = get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        try:
            yield Runner(pool)
        finally:
            pool.shutdown(cancel_futures=True)
