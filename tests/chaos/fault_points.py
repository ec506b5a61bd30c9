"""Kills this process at a chosen step of an event's way, as a power cut would."""

from __future__ import annotations

import os
import random
import signal
import threading
from pathlib import Path

VARIABLE = "CHAOS_KILL_AT"
STEPS = (
    "before_call",
    "after_call",
    "before_write",
    "in_commit",
    "after_durable_before_ack",
    "after_ack",
)
COMMIT_SECONDS_MAX = 0.01


class FaultPoints:
    """Counts how often each step is passed, and kills at the one that is armed."""

    def __init__(self) -> None:
        self._step = ""
        self._left = 0
        self._lock = threading.Lock()

    def arm(self, point: str) -> None:
        """Kill at *point*: `<step>:<count>`, its count-th time from now on."""
        step, _, count = point.partition(":")
        assert step in STEPS, f"no step {step!r}: {', '.join(STEPS)}"
        self._step, self._left = step, int(count)

    def arm_on_signal(self, file: Path) -> None:
        """Arm what *file* says, each time SIGUSR1 comes."""
        signal.signal(signal.SIGUSR1, lambda *_: self.arm(file.read_text()))

    def passed(self, step: str) -> None:
        """Note that *step* is passed now."""
        if step != self._step:
            return
        with self._lock:
            self._left -= 1
            due = self._left == 0
        if due and step == "in_commit":
            # The commit begins as this returns: it is cut somewhere on its way.
            seconds = random.uniform(0.0, COMMIT_SECONDS_MAX)  # noqa: S311 -- no secret
            threading.Timer(seconds, _die).start()
        elif due:
            _die()


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
