"""How often Python looks for objects that only refer to each other."""

from __future__ import annotations

import gc

# Python's own 700 let it look at all that is under way every few events; that took a
# third of a busy worker's time, and found nearly nothing: what has ended is freed
# without it. What lives as long as the worker is never looked at.
NEW_OBJECTS, NEXT, LAST = 50_000, 20, 20


def seldom() -> None:
    """Look seldom, and from now on only at what is made from now on.

    Call it once, when what stays is there. Memory that only a look can free waits for
    some ten thousand new objects.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS, NEXT, LAST)
