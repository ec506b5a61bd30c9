"""Calls that told the CRM nothing new, and why that could not be helped."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from tests.history.calls import Call
from tests.history.findings import Finding
from tests.history.history import Effect, History, User
from tests.history.records import Fault


def duplicates(history: History) -> Iterator[Finding]:
    """Yield repeats; explained where *no* earlier call for the event was known to work.

    A call counts as known when its worker got its answer and has durably written it.
    """
    for user in history.users.values():
        yield from _of_user(history, user)


def _of_user(history: History, user: User) -> Iterator[Finding]:
    before: defaultdict[int, list[Effect]] = defaultdict(list)
    for effect in user.effects:
        earlier = before[effect.carried]
        if earlier:
            yield _repeat(history, user, earlier, effect)
        for seq in effect.stood_for:
            before[seq].append(effect)


def _repeat(
    history: History, user: User, earlier: list[Effect], effect: Effect
) -> Finding:
    reason: str | None = None
    for former in earlier:
        reason = _why(history, former, effect)
        if reason is None:
            shows = f"{effect}, again after {former}"
            return Finding("duplicate", user.id, shows)
    shows = f"{effect}, again after {earlier[-1]}"
    return Finding("duplicate", user.id, shows, reason)


def _why(history: History, former: Effect, repeat: Effect) -> str | None:
    """Return why *former* may have been unknown when *repeat* was made, if it may."""
    if former.request.answer == "lost":
        return "its answer was lost"
    if former.request.answer != "ok":
        return f"it was answered {former.request.answer} after the effect"
    if former.call is None:
        return None
    if former.call.saw not in (None, "ok"):
        return f"its worker saw {former.call.saw}"
    return _fault(history, former.call, repeat)


def _fault(history: History, call: Call, repeat: Effect) -> str | None:
    durable_at = history.calls.durable_at(call)
    repeated_at = repeat.request.arrived_at
    for fault in history.faults:
        if _ends(fault) and fault.worker == call.worker:
            at = fault.at
            undone = durable_at is None or durable_at > at
            if undone and call.began_at <= at <= repeated_at:
                return f"{_state(call, at)} at the {fault.kind} of {call.worker}"
    fenced_at = history.calls.fenced_at(call)
    if fenced_at is None or (durable_at is not None and durable_at <= fenced_at):
        return None
    # A worker can learn late that it was fenced; another's repeat may come before.
    by_another = repeat.call is not None and repeat.call.worker != call.worker
    if fenced_at <= repeated_at or by_another:
        return f"{_state(call, fenced_at)} when {call.worker} was fenced"
    return None


def _ends(fault: Fault) -> bool:
    """Whether a worker lost by *fault* what was not durable yet."""
    ended_badly = fault.kind == "exit" and fault.code != 0
    return fault.kind in ("kill", "freeze") or ended_badly


def _state(call: Call, at: float) -> str:
    opened = call.ended_at is None or call.ended_at > at
    return "open" if opened else "not yet durable"
