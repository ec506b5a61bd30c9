"""Waits for a condition, with a deadline, where a sleep would guess."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

PAUSE_SECONDS = 0.02
Found = TypeVar("Found")


def eventually(look: Callable[[], Found], seconds_max: float = 30.0) -> Found:
    """Return what *look* finds as soon as it is true; fail when it never is."""
    deadline = time.monotonic() + seconds_max
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < deadline, f"not within {seconds_max} s: {look}"
        time.sleep(PAUSE_SECONDS)
