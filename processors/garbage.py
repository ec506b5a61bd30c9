"""How often Python looks for objects that only refer to each other."""

from __future__ import annotations

import gc

# Python's own 700 let it look at all that is under way every few events; that took a
# third of a busy worker's time. What has ended is freed without it.
NEW_OBJECTS, NEXT, LAST = 50_000, 20, 20


def seldom() -> None:
    """Look seldom, and from now on only at what is made from now on.

    Call it once. Rings that are found by the first look wait for some ten thousand new
    objects; those that live through it, for a million.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS, NEXT, LAST)
