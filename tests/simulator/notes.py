"""What happened in a run: counted always, told line by line where somebody asks."""

from __future__ import annotations

import sys
from collections import Counter

from tests.simulator.clock import Clock


class Broken(AssertionError):
    """A promise does not hold; the text says which, where and of what."""


class Notes:
    """Counts by kind, and a trace."""

    def __init__(self, clock: Clock, *, trace: bool = False) -> None:
        self.counts: Counter[str] = Counter()
        self._clock = clock
        self._trace = trace

    def __call__(self, kind: str, **facts: object) -> None:
        """Note that something of *kind* happened; the facts are for the trace."""
        self.counts[kind] += 1
        if self._trace:
            told = " ".join(f"{name}={fact}" for name, fact in facts.items())
            sys.stdout.write(f"{self._clock.seconds:9.3f} {kind} {told}\n")
