"""Changes one record, or makes one."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from events.model import MISSING
from processors.correlation.calls import (
    Answer,
    Braked,
    Call,
    Conflict,
    Create,
    Deactivate,
    Delete,
    Done,
    Fetch,
    Fetched,
    Gone,
    Restore,
    Update,
)
from processors.correlation.fold import Fold
from processors.correlation.paths import at, nested, steps
from processors.correlation.review import Moment, open_item
from processors.delivery.commands import BRAKED
from processors.delivery.verdict import Action, End, OutcomeName, Verdict

Write = Create | Update | Deactivate | Restore | Delete
Maybe = Generator[Call, Answer, Verdict | None]
# The id of a record that would have been made, at a destination that is only observed.
PRETENDED = "@observed"


def change(fold: Fold, record_id: str, moment: Moment, *, stranger: bool) -> Maybe:
    """Bring the record in line with *fold*; None when it is not there.

    A *stranger* was there before us, and is matched for the first time.
    """
    if fold.deletion is not None:
        return (yield from _remove(fold, record_id, moment))
    fields = fold.fields("update")
    unsent = fold.rules.written.keys() - fields.keys()
    if stranger:
        match fold.rules.on.first_link:
            case "adopt":
                fields = {}
            case "fill_empty":
                answer = yield Fetch(record_id)
                if not isinstance(answer, Fetched):
                    return None
                if _is_foreign(fold, answer.fields):
                    return open_item(fold, "ambiguous", moment)
                fields = _fitting(fold, fields, answer.fields)
            case "overwrite":
                pass
    return (yield from _apply(fold, record_id, fields, unsent, moment))


def create(fold: Fold, moment: Moment) -> Maybe:
    """Make a record; None when there is one like it."""
    fields, intent = fold.fields("create"), fold.items[0].event.id
    answer = yield from _write(fold, Create(nested(fields), intent))
    if isinstance(answer, Conflict):
        return None
    assert isinstance(answer, Done)  # noqa: S101 -- a Create has no other answer
    if fold.switches_off:
        stopped = yield from _write(fold, Deactivate(answer.record_id))
        if isinstance(stopped, Braked):
            return open_item(fold, BRAKED, moment)
    unsent = fold.rules.written.keys() - fields.keys()
    done = _end(fold, "created", answer.record_id, fields)
    return fold.settled(done, answer.record_id, unsent)


def _apply(
    fold: Fold,
    record_id: str,
    fields: dict[str, Any],
    unsent: set[str],
    moment: Moment,
) -> Maybe:
    calls: list[tuple[Action, Write]] = []
    if fold.restores and fold.rules.can_restore:
        calls.append(("restored", Restore(record_id)))
    if fields:
        calls.append(("updated", Update(record_id, nested(fields))))
    if fold.switches_off:
        calls.append(("deactivated", Deactivate(record_id)))
    for _, call in calls:
        answer = yield from _write(fold, call)
        if isinstance(answer, Gone):
            return None
        if isinstance(answer, Braked):
            return open_item(fold, BRAKED, moment)
    if not calls:
        return fold.settled(End("unchanged"), record_id, unsent)
    done = _end(fold, calls[-1][0], record_id, fields)
    return fold.settled(done, record_id, unsent)


def _remove(fold: Fold, record_id: str, moment: Moment) -> Maybe:
    policy = fold.rules.on.deleted if fold.fate == "deleted" else "deactivate"
    if policy == "ignore":
        return fold.settled(End("skipped", record_id=record_id), record_id)
    deletes = policy == "delete"
    call = Delete(record_id) if deletes else Deactivate(record_id)
    answer = yield from _write(fold, call)
    if isinstance(answer, Gone):
        return None
    if isinstance(answer, Braked):
        return open_item(fold, BRAKED, moment)
    done = _end(fold, "deleted" if deletes else "deactivated", record_id, {})
    return fold.settled(done, None if deletes else record_id)


def _write(fold: Fold, call: Write) -> Generator[Call, Answer, Answer]:
    """Make the call; where the destination is only observed, as if it had been made."""
    if fold.rules.mode == "observe":
        return Done(PRETENDED if isinstance(call, Create) else call.record_id)
    return (yield call)


def _end(fold: Fold, action: Action, record_id: str, fields: dict[str, Any]) -> End:
    observed = fold.rules.mode == "observe"
    shown = None if record_id == PRETENDED else record_id
    outcome: OutcomeName = "would_apply" if observed else "applied"
    return End(outcome, action, shown, tuple(fields))


def _is_foreign(fold: Fold, record: Any) -> bool:
    own = fold.rules.lookup.user_id_field
    held = MISSING if own is None else at(record, steps(own))
    return held not in (MISSING, None, "", fold.items[0].event.user_id)


def _fitting(fold: Fold, fields: dict[str, Any], record: Any) -> dict[str, Any]:
    """Return what may be written over a record that was there before us.

    What is empty there, what Auth0 says has changed, and what we may have written
    ourselves: a value of an older event that waits, for its answer may have been lost.
    """
    fitting = {}
    for name, value in fields.items():
        there = at(record, steps(name))
        before = [i.before for i in fold.winners if i.before is not None]
        changed = any(name in b and b[name] != value for b in before)
        ours = any(there == i.values.get(name, MISSING) for i in fold.items)
        if there in (MISSING, None, "") or changed or (ours and there != value):
            fitting[name] = value
    return fitting
