"""The states of a partition, and what each of them wants to be done."""

from __future__ import annotations

from typing import Literal

State = Literal["free", "fencing", "loading", "preparing", "active", "draining", "kept"]
Want = Literal["nothing", "open", "load", "write", "commit", "close"]


def wanted(state: State, *, in_flight: bool, waiting: bool, calling: bool) -> Want:
    """Return what a partition in *state* wants, `nothing` while something is awaited.

    A transaction may be *in_flight*, operations *waiting* for one, and calls be made.
    What is written comes before all else; whoever opens or closes makes no calls.
    """
    found: Want = "nothing"
    match state:
        case _ if in_flight:
            pass
        case "preparing" | "active" | "draining" if waiting:
            found = "write"
        case "loading":
            found = "load"
        case "preparing":
            found = "commit"
        case "fencing" if not calling:
            found = "open"
        case "draining" if not calling:
            found = "close"
    return found
