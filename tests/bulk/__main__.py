"""A bulk at its full size: python -m tests.bulk --users 5000.

Prints what it cost, then what was wrong, and ends with 1 where anything was.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from uuid import uuid4

from tests.bulk.judge import faults, figures
from tests.bulk.population import Population
from tests.bulk.run import run
from tests.support.broker import own_broker

FAULTS_SHOWN_MAX = 50


def main() -> bool:
    """Do what the command line asks; return whether all was well."""
    parser = argparse.ArgumentParser(prog="python -m tests.bulk")
    parser.add_argument("--users", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    asked = parser.parse_args()
    say(f"seed {asked.seed}, {asked.users} users")
    started = time.monotonic()
    with own_broker() as broker, tempfile.TemporaryDirectory() as directory:
        population = Population(asked.users, asked.seed)
        name = f"b{uuid4().hex[:12]}"
        bulk = run(broker.bootstrap_servers, name, Path(directory), population)
    found = faults(bulk)
    cost = figures(bulk) | {
        "seconds": round(time.monotonic() - started),
        "faults": len(found),
    }
    for line in found[:FAULTS_SHOWN_MAX]:
        say(line)
    for name, figure in cost.items():
        say(f"RESULT bulk_{name}={figure}")
    return not found


def say(line: str) -> None:
    """Print *line* at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(0 if main() else 1)
