"""Prints this Python's version and how long it takes for some work of every kind.

Any Python 3 can run it. The same version differs by a quarter between builds: without
profile-guided optimisation, as `pyenv install` makes them, it is the slower one. What
the build's own notes (sysconfig) say of it is not the same everywhere.
"""

from __future__ import annotations

import ensurepip  # noqa: F401 -- without it nothing can be installed
import sys
import time
import venv  # noqa: F401 -- as above

ROUNDS = 7


class Counter:
    """Something with a method to call."""

    def __init__(self) -> None:
        self.value = 0

    def add(self, number: int) -> int:
        """Return the sum so far."""
        self.value += number
        return self.value


def work() -> int:
    """Call methods, make strings and tuples, and look them up."""
    counter, known = Counter(), {}
    for number in range(60_000):
        known[number & 1023] = (number, str(number))
        counter.add(len(known[number & 511][1]))
    return counter.value


def seconds() -> float:
    """Return the time of the quickest of some rounds: others were disturbed."""
    taken = []
    for _ in range(ROUNDS):
        began_at = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began_at)
    return min(taken)


if __name__ == "__main__":
    print(*sys.version_info[:3], seconds())
