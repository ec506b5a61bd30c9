"""What has to befall in some of many runs, or they prove less than they seem to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import chain
from textwrap import wrap
from typing import get_args

from processors.delivery.commands import CommandName
from processors.delivery.records import Written
from processors.delivery.verdict import DeadClass, OutcomeName, Verdict
from tests.simulator.faults import AT_SEND
from tests.simulator.transactions import UNTROUBLED

COLUMNS = 100

WORKERS = (
    "started",
    "static member back",
    "killed",
    "terminated",
    "frozen",
    "woken",
    "call without a lease",
    "call without a partition",
    "drain too late",
    "member dropped",
    "rebalance",
    "kept partition back",
    "partition at its bound",
    "room made",
    "an entry is gone",
    "lane charged",
)
BROKER = (
    "stalled",
    "opened by a stranger",
    "loaded",
    "loaded to commit",
    "reset back",
    "reset forward",
    "field lost",
    "recreated",
    "offsets expired",
    "outcome applied again",
)
# What needs a file of another kind: select, and mode = "observe".
ELSEWHERE = ("would_apply", "not_selected")
OUTCOMES = tuple(o for o in get_args(OutcomeName) if o not in ELSEWHERE)
DESTINATION = (
    "outage",
    "limited",
    "auth",
    "answer lost after the effect",
    "answer lost without the effect",
    "error after the effect",
    "error without the effect",
    "call refused",
    "failing user after the effect",
    "failing user without the effect",
    *(f"call {name}" for name in ("Find", "Create", "Update", "Restore")),
    *(f"call {name}" for name in ("Deactivate", "Delete")),
)


def expected() -> list[str]:
    """Return every kind that many runs must have seen."""
    verdicts = [verdict.__name__ for verdict in get_args(Verdict)]
    return [
        *WORKERS,
        *BROKER,
        *DESTINATION,
        *(f"frozen before {kind}" for kind in AT_SEND),
        *(f"transaction {end} while active" for end in get_args(Written)),
        *(f"transaction {end} while preparing" for end in get_args(Written)),
        *(f"verdict {name}" for name in verdicts),
        *(f"verdict {name} of a fold" for name in verdicts),
        *(f"verdict {name} early" for name in verdicts),
        *(f"outcome {name}" for name in OUTCOMES),
        *(f"letter {name}" for name in get_args(DeadClass)),
        *(f"parked {state}" for state in ("waiting", "review", "held")),
        *(f"parked: {reason}" for reason in UNTROUBLED),
        *(f"command {name}" for name in get_args(CommandName)),
    ]


def missing(counts: Counter[str]) -> list[str]:
    """Return the kinds that were not seen."""
    return [kind for kind in expected() if not counts[kind]]


def table(counts: Counter[str]) -> str:
    """Return how often each kind was seen, in as many lines as it takes."""
    shown: Iterable[str] = (
        f"{kind.replace(' ', '_')}={counts[kind]}" for kind in sorted(counts)
    )
    return "\n".join(chain(wrap(" ".join(shown), COLUMNS, break_on_hyphens=False)))
