"""What a worker did after it woke from a freeze and before it was a member again."""

from __future__ import annotations

from collections.abc import Iterator

from tests.history.findings import Finding
from tests.history.history import History
from tests.history.records import Fault


def late(history: History) -> Iterator[Finding]:
    """Yield requests and transactions that the former owner of a partition sent.

    It owns the partition again when it says so (`owner`), or when it is another
    process (`start`).
    """
    for wake in history.faults:
        if wake.kind == "wake" and wake.worker is not None:
            yield from _requests(history, wake, wake.worker)
            yield from _writes(history, wake, wake.worker)


def _requests(history: History, wake: Fault, worker: str) -> Iterator[Finding]:
    for request in history.requests:
        call = history.calls.by_id.get(request.call or "")
        if call is None or call.worker != worker or request.arrived_at < wake.at:
            continue
        if call.began_at < _back_at(history, wake, worker, call.partition):
            shows = (
                f"{request.method} of call {call.id}, begun at {call.began_at:.3f}, "
            )
            shows += f"came at {request.arrived_at:.3f}; {worker} woke at {wake.at:.3f}"
            yield Finding("late", request.user_id or "?", shows)


def _writes(history: History, wake: Fault, worker: str) -> Iterator[Finding]:
    for write in history.calls.writes:
        if write.worker != worker or write.began_at < wake.at:
            continue
        if write.began_at < _back_at(history, wake, worker, write.partition):
            shows = f"{worker}, which woke at {wake.at:.3f}, wrote to partition "
            shows += f"{write.partition} at {write.began_at:.3f}"
            yield Finding("late", "-", shows)


def _back_at(history: History, wake: Fault, worker: str, partition: int) -> float:
    """Return when *worker* owned *partition* again after *wake*."""
    starts = [
        fault.at
        for fault in history.faults
        if fault.kind == "start" and fault.worker == worker and fault.at > wake.at
    ]
    owned = history.calls.owned_at(worker, partition, wake.at)
    return min([*starts, *([] if owned is None else [owned])], default=float("inf"))
