"""What a worker did after it woke from a freeze and before it was a member again."""

from __future__ import annotations

from collections.abc import Iterator

from tests.history.findings import Finding
from tests.history.history import History
from tests.history.records import Fault

INFINITE = float("inf")


def late(history: History) -> Iterator[Finding]:
    """Yield what a worker sent as the former owner of a partition.

    No request may be sent before the worker is an owner again: when the group has given
    it the partition anew (`assigned`), or it is another process (`start`). It may still
    write down what it knows as long as nobody else has taken over.
    """
    frozen_at: dict[str, float] = {}
    for fault in history.faults:
        if fault.worker is None:
            continue
        if fault.kind == "freeze":
            frozen_at[fault.worker] = fault.at
        elif fault.kind == "wake":
            yield from _requests(history, fault, fault.worker)
            yield from _writes(history, fault, frozen_at.get(fault.worker, 0.0))


def _requests(history: History, wake: Fault, worker: str) -> Iterator[Finding]:
    for request in history.requests:
        call = history.calls.by_id.get(request.call or "")
        if call is None or call.worker != worker or request.arrived_at < wake.at:
            continue
        if call.began_at < _back_at(history, wake, call.partition):
            shows = (
                f"{request.method} of call {call.id}, begun at {call.began_at:.3f}, "
            )
            shows += f"came at {request.arrived_at:.3f}; {worker} woke at {wake.at:.3f}"
            yield Finding("late", request.user_id or "?", shows)


def _writes(history: History, wake: Fault, frozen_at: float) -> Iterator[Finding]:
    for write in history.calls.writes:
        partition = write.partition
        if write.worker != wake.worker or write.began_at < wake.at:
            continue
        other_at = history.calls.taken_over_at(partition, write.worker, frozen_at)
        if other_at is None or write.began_at < other_at:
            continue
        if write.began_at < _back_at(history, wake, partition):
            shows = f"{write.worker}, which woke at {wake.at:.3f}, wrote to partition "
            shows += (
                f"{partition} at {write.began_at:.3f}, another's since {other_at:.3f}"
            )
            yield Finding("late", "-", shows)


def _back_at(history: History, wake: Fault, partition: int) -> float:
    """Return when the woken worker was given *partition* again."""
    starts = [
        fault.at
        for fault in history.faults
        if fault.kind == "start" and fault.worker == wake.worker and fault.at > wake.at
    ]
    assigned = history.calls.assigned_at(wake.worker or "", partition, wake.at)
    return min([*starts, *([] if assigned is None else [assigned])], default=INFINITE)
