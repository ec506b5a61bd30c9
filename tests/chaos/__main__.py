"""Real processes, real Kafka, random faults: python -m tests.chaos --minutes 15.

Writes a history into a directory, holds it against the promises of delivery, prints
the findings, and ends with 1 unless there are none but explained duplicates and every
event had ended in time. `--freezes 10` freezes busy workers instead, `--steps` kills
workers at each step between a call and its ack.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.chaos import freezes, schedule, steps
from tests.chaos.run import Say, run, say
from tests.chaos.stage import Plan, Stage


def main() -> bool:
    """Do what the command line asks; return whether all was well."""
    asked = _arguments()
    directory = asked.directory or Path(tempfile.mkdtemp(prefix="keepstep-chaos-"))
    say(f"seed {asked.seed}, history in {directory}")
    plan = Plan(asked.seed, end_seconds_max=asked.end_seconds_max)
    if asked.freezes is not None:
        plan = Plan(asked.seed, deletions=0.1, on_deleted="delete")
    return run(directory, plan, _faults(asked))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--minutes", type=float, default=15.0)
    what.add_argument("--freezes", type=int, help="so many freezes, nothing else")
    what.add_argument("--steps", action="store_true", help="a kill at each step")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    parser.add_argument("--directory", type=Path, help="a new one is made without it")
    parser.add_argument("--end-seconds-max", type=float, default=60.0)
    return parser.parse_args()


def _faults(asked: argparse.Namespace) -> Callable[[Stage, Say], int]:
    def inflict(stage: Stage, tell: Say) -> int:
        if asked.freezes is not None:
            return freezes.freeze(asked.freezes, stage, asked.seed, tell)
        if asked.steps:
            return steps.kill_at_each(stage, tell)
        deadline = time.monotonic() + asked.minutes * 60
        return schedule.inflict_until(deadline, stage, asked.seed, tell)

    return inflict


if __name__ == "__main__":
    raise SystemExit(0 if main() else 1)
