"""How Python itself runs a worker: one busy loop, and threads that mostly wait."""

from __future__ import annotations

import gc
import sys

# Python's own 700 let it look at all that is under way every few events; that took a
# third of a busy worker's time. What has ended is freed without it.
NEW_OBJECTS, NEXT, LAST = 50_000, 20, 20
# How long a thread waits for the interpreter before it asks for it. A transaction does
# so after each of its waits for Kafka: with Python's own 5 ms it took twice as long.
SWITCH_SECONDS = 0.001


def tune() -> None:
    """Look seldom for objects that only refer to each other, and switch threads soon.

    Call it once, when all is made that stays: what is there then is not looked at
    again. Rings that are found by the first look wait for some ten thousand new
    objects; those that live through it, for a million.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS, NEXT, LAST)
    sys.setswitchinterval(SWITCH_SECONDS)
