"""One attempt as a conversation: yields calls, is sent answers, returns a verdict."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace

from events.model import MISSING
from processors.correlation.calls import (
    Answer,
    Call,
    Create,
    Deactivate,
    Delete,
    Done,
    Find,
    Found,
    Gone,
    Restore,
    Update,
)
from processors.correlation.fold import Fold
from processors.correlation.paths import nested
from processors.correlation.reading import Item
from processors.correlation.rules import Rules
from processors.delivery.link import Link
from processors.delivery.verdict import Action, End, NeedsReview, Rejected, Verdict

Conversation = Generator[Call, Answer, Verdict]


def correlate(items: Sequence[Item], link: Link, rules: Rules) -> Conversation:
    """Bring the user's record in line with *items*, which are in the log's order.

    The record is the one that the hint names, else the linked one, else the one whose
    email is the user's. More than one hit is never guessed about. Failed calls never
    come in here: whoever drives the conversation ends it.
    """
    fold = Fold(items, link)
    hint = _hint(fold, rules)
    if hint is not None and rules.lookup.is_id(hint):
        fold = fold.at(hint)
    if not fold.asks:
        return fold.settled(End("unchanged"), fold.link.record_id)
    if hint is not None and not rules.lookup.is_id(hint):
        reason = "the hint does not match lookup.id_pattern"
        return Rejected("bad_external_id", reason)
    for record_id in dict.fromkeys((hint, link.record_id)):
        if record_id is not None:
            verdict = yield from _change(fold.at(record_id), rules, record_id)
            if verdict is not None:
                return verdict
    return (yield from _by_email(fold.at(None), rules))


def _hint(fold: Fold, rules: Rules) -> str | None:
    found = (_hint_of(item, rules) for item in fold.newest)
    return next((hint for hint in found if hint is not None), None)


def _hint_of(item: Item, rules: Rules) -> str | None:
    path = rules.lookup.hint
    value = MISSING if path is None else item.event.at(path)
    if value in (MISSING, None, "") or isinstance(value, bool):
        return None
    return str(value)


def _by_email(fold: Fold, rules: Rules) -> Conversation:
    email = fold.first("email")
    if not isinstance(email, str):
        return (yield from _missing(fold, rules))
    answer = yield Find(email)
    assert isinstance(answer, Found)  # noqa: S101 -- a Find has no other answer
    if len(answer.record_ids) > 1:
        return NeedsReview("ambiguous", fold.superseded())
    if not answer.record_ids:
        return (yield from _missing(fold, rules))
    record_id = answer.record_ids[0]
    verdict = yield from _change(fold.at(record_id), rules, record_id)
    return verdict or NeedsReview("unmatched", fold.superseded())


def _change(
    fold: Fold, rules: Rules, record_id: str
) -> Generator[Call, Answer, Verdict | None]:
    """Change the record; None when it is not there."""
    if fold.deletion is not None:
        return (yield from _remove(fold, rules, record_id))
    fields = fold.fields("update", rules)
    restores = fold.restores and rules.can_restore
    unsent = rules.fields.keys() - fields.keys()
    if restores:
        answer = yield Restore(record_id)
        if isinstance(answer, Gone):
            return None
    if fields:
        answer = yield Update(record_id, nested(fields))
        if isinstance(answer, Gone):
            return None
    if not fields and not restores:
        return fold.settled(End("unchanged"), record_id, unsent)
    action: Action = "updated" if fields else "restored"
    done = End("applied", action, record_id, tuple(fields))
    return fold.settled(done, record_id, unsent)


def _remove(
    fold: Fold, rules: Rules, record_id: str
) -> Generator[Call, Answer, Verdict | None]:
    match rules.on.deleted:
        case "ignore":
            return fold.settled(End("skipped", record_id=record_id), record_id)
        case "delete":
            answer = yield Delete(record_id)
            done, kept = End("applied", "deleted", record_id), None
        case "deactivate":
            answer = yield Deactivate(record_id)
            done, kept = End("applied", "deactivated", record_id), record_id
    return None if isinstance(answer, Gone) else fold.settled(done, kept)


def _missing(fold: Fold, rules: Rules) -> Conversation:
    if fold.deletion is not None:
        policy: str = rules.on.deleted_missing
    elif fold.creates:
        policy = rules.on.created_missing
    else:
        policy = rules.on.updated_missing
    match policy:
        case "create":
            fields = fold.fields("create", rules)
            answer = yield Create(nested(fields))
            assert isinstance(answer, Done)  # noqa: S101 -- a Create has no other answer
            done = End("applied", "created", answer.record_id, tuple(fields))
            unsent = rules.fields.keys() - fields.keys()
            return fold.settled(done, answer.record_id, unsent)
        case "skip":
            return fold.settled(End("skipped"), None)
        case _:
            return NeedsReview("unmatched", fold.superseded())


def culprit_of(call: Call, items: Sequence[Item], rejected: Rejected) -> Rejected:
    """Say which event is at fault for a refused *call*, where only one can be.

    A fold that ends in a deletion asks for nothing else.
    """
    deletions = [i.change for i in items if i.is_deletion]
    if not isinstance(call, Deactivate | Delete) or not deletions:
        return rejected
    return replace(rejected, culprit=max(deletions, key=lambda c: c.version).offset)
