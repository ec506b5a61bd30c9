"""S2 and S3: the order of first effects, and what the records hold in the end."""

from __future__ import annotations

from collections.abc import Iterator

from tests.history.findings import Finding
from tests.history.history import Effect, History, User


def reordered(history: History) -> Iterator[Finding]:
    """Yield events whose first effect came after that of a newer one.

    A call has the effect of every event it stands for, so a repeat is never one.
    """
    for user in history.users.values():
        newest: Effect | None = None
        seen: set[int] = set()
        for effect in user.effects:
            for seq in sorted(effect.stood_for - seen):
                if newest is not None and seq < max(newest.stood_for):
                    shows = f"{seq} first by {effect}, after {newest}"
                    yield Finding("reordered", user.id, shows)
            seen |= effect.stood_for
            if newest is None or max(effect.stood_for) > max(newest.stood_for):
                newest = effect


def stale_final(history: History) -> Iterator[Finding]:
    """Yield records that do not end with the newest event that any call carried.

    What no call ever carried is lost, and found there.
    """
    for user in history.users.values():
        newest = max((effect.carried for effect in user.effects), default=0)
        for effect in _finals(user):
            shows = f"record {effect.request.record} ends with {effect}, "
            if effect.carried != newest:
                shows += f"the newest is {newest}"
                yield Finding("stale-final", user.id, shows)
            elif not _has_mood_of(user, effect):
                shows += f"but its mood is {effect.request.mood}"
                yield Finding("stale-final", user.id, shows)


def _has_mood_of(user: User, effect: Effect) -> bool:
    """Whether the record holds all of the newest event, not its number alone."""
    event = user.acknowledged.get(effect.carried)
    wanted = None if event is None or effect.deletes else event.mood
    return wanted is None or wanted == effect.request.mood


def _finals(user: User) -> list[Effect]:
    """Return the last effect on each record that is still there, else the last."""
    by_record = {effect.request.record: effect for effect in user.effects}
    there = [e for e in by_record.values() if e.request.method != "DELETE"]
    return there or user.effects[-1:]
