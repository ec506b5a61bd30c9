"""Runs the simulator: one seed with its trace, or many.

    python -m tests.simulator --seed 1234 --trace
    python -m tests.simulator --seeds 100000 [--first 0] [--processes 2]

Ends with 1 where a promise did not hold; each failing seed is printed at once.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser

from tests.simulator.kinds import missing, table
from tests.simulator.runs import PROCESSES, Totals, runner, told
from tests.simulator.world import run

TOLD_EVERY = 1_000


def main(arguments: list[str]) -> int:
    """Do what *arguments* say; return the exit code."""
    parser = ArgumentParser("python -m tests.simulator")
    parser.add_argument("--seed", type=int, help="run this one")
    parser.add_argument("--trace", action="store_true", help="tell what happens in it")
    parser.add_argument("--seeds", type=int, default=1_000, help="how many to run")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--processes", type=int, default=PROCESSES)
    chosen = parser.parse_args(arguments)
    if chosen.seed is not None:
        return _one(chosen.seed, trace=chosen.trace)
    return _many(chosen.first, chosen.seeds, chosen.processes)


def _one(seed: int, *, trace: bool) -> int:
    result = run(seed, trace=trace)
    sys.stdout.write(f"seed {seed} {result.failure or 'held every promise'}\n")
    return 1 if result.failure else 0


def _many(first: int, seeds: int, processes: int) -> int:
    totals = Totals()
    with runner(processes) as started:
        for result in started.results(range(first, first + seeds)):
            totals.add(result)
            if result.failure:
                sys.stdout.write(f"{told(result)}\n")
            if totals.runs % TOLD_EVERY == 0:
                sys.stdout.write(f"{totals}\n")
            sys.stdout.flush()
    sys.stdout.write(f"{table(totals.counts)}\n")
    sys.stdout.write(f"never seen: {', '.join(missing(totals.counts)) or 'nothing'}\n")
    sys.stdout.write(f"RESULT {totals}\n")
    return 1 if totals.failures else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
