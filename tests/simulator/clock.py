"""Virtual time, and processes that live in it: they can be killed, frozen, woken."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from random import Random

BEGIN = 1_750_000_000.0  # epoch seconds; also what the monotonic clock shows
Do = Callable[[], None]


class Clock:
    """Does one thing after another; the time stands still while one is done."""

    def __init__(self) -> None:
        self.now = BEGIN
        self._planned: list[tuple[float, int, Process | None, Do]] = []
        self._number = 0

    @property
    def seconds(self) -> float:
        """Seconds since the run began."""
        return self.now - BEGIN

    def after(self, seconds: float, do: Do, process: Process | None = None) -> None:
        """Do it in *seconds*, as a part of *process* or of the world outside."""
        self._number += 1
        entry = (self.now + seconds, self._number, process, do)
        heapq.heappush(self._planned, entry)

    def step(self) -> None:
        """Go to what comes next, and do it."""
        self.now, _, process, do = heapq.heappop(self._planned)
        if process is None or process.takes(do):
            do()


class Process:
    """What a worker is to its machine."""

    def __init__(self, clock: Clock, name: str) -> None:
        self.name = name
        self.alive = True
        self.frozen = False
        self._clock = clock
        self._missed: list[Do] = []

    def takes(self, do: Do) -> bool:
        """Whether it can do this now; a frozen one does it when it wakes."""
        if self.frozen and self.alive:
            self._missed.append(do)
        return self.alive and not self.frozen

    def after(self, seconds: float, do: Do) -> None:
        """Do it in *seconds*, if the process is alive then."""
        if self.alive:
            self._clock.after(seconds, do, self)

    def freeze(self) -> None:
        """Stop it where it is (SIGSTOP)."""
        self.frozen = True

    def wake(self, random: Random) -> None:
        """Let it go on (SIGCONT): what it missed comes at once, in any order."""
        self.frozen = False
        missed, self._missed = self._missed, []
        random.shuffle(missed)
        for do in missed:
            self.after(0.0, do)

    def kill(self) -> None:
        """End it at once (SIGKILL); what it has sent is on its way."""
        self.alive = False
        self._missed = []
