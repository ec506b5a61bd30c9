"""Waits for a condition, with a deadline, where a sleep would guess."""

from __future__ import annotations

import time
from collections.abc import Callable


def eventually(condition: Callable[[], object], seconds_max: float = 10.0) -> None:
    """Return once *condition* holds; fail when it does not within *seconds_max*."""
    deadline = time.monotonic() + seconds_max
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds_max} s: {condition}"
        time.sleep(0.02)
