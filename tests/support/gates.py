"""Gates in a state, and the calls whose ends brought them there."""

from __future__ import annotations

from itertools import cycle

from processors.correlation.calls import Done
from processors.delivery.verdict import RetryLater, Unavailable
from processors.rest.gate import Gate, Heard

DONE = Done("1")
ERROR = RetryLater("HTTP 500")
OWN_FAULTS: list[tuple[int | None, RetryLater]] = [
    (500, ERROR),
    (None, RetryLater("timeout")),
]
REFUSED = Unavailable("unreachable", "connection refused")
NO_TOKEN = Unavailable("auth", "HTTP 401")
BUSY = Unavailable("limited", "HTTP 429")


def status_of(fault: Unavailable) -> int | None:
    return {"limited": 429, "auth": 401, "unreachable": None}[fault.cause]


def hears(gate: Gate, now: float, lane: bytes, fault: Unavailable) -> Heard:
    return gate.heard(now, lane, status_of(fault), fault)


def closed_by(fault: Unavailable, now: float = 0.0) -> Gate:
    gate = Gate()
    assert gate.may_start(now, b"first")
    hears(gate, now, b"first", fault)
    return gate


def failing(now: float = 0.0) -> Gate:
    gate = Gate()
    users = cycle(b"u%d" % n for n in range(5))
    for _ in range(11):
        gate.heard(now, next(users), 500, ERROR)
    assert gate.state(now).cause == "failing"
    return gate


def is_due(gate: Gate, now: float) -> bool:
    """Whether it is closed and a call may start as the probe."""
    return gate.opens_at is not None and now >= gate.opens_at
