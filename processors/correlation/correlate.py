"""One attempt as a conversation: yields calls, is sent answers, returns a verdict."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from processors.correlation.act import Maybe, change, create
from processors.correlation.calls import Answer, Call, Deactivate, Delete
from processors.correlation.creation import refusal
from processors.correlation.fold import Fold
from processors.correlation.reading import Item
from processors.correlation.resolve import Ambiguous, Match, look_up
from processors.correlation.review import Moment, grace, open_item, still_open
from processors.correlation.rules import Rules
from processors.delivery.link import HINT, REFUSED, Link
from processors.delivery.verdict import (
    End,
    Rejected,
    RetryLater,
    ReviewReason,
    Verdict,
)

Conversation = Generator[Call, Answer, Verdict]

__all__ = ["Conversation", "Moment", "correlate", "culprit_of"]


class Candidate(NamedTuple):
    """A record to try first; a `stranger` was there before us."""

    record_id: str
    stranger: bool


def correlate(
    items: Sequence[Item], link: Link, rules: Rules, moment: Moment
) -> Conversation:
    """Bring the user's record in line with *items*, which are in the log's order.

    The record is the one that the hint names, else the linked one, else one that is
    looked up. More than one is never guessed about. Failed calls never come in here:
    whoever drives the conversation ends it.
    """
    fold = Fold(_taken_up(items, link, rules), link, rules)
    verdict = _without_call(fold, moment)
    if verdict is not None:
        return verdict
    return (yield from _with_calls(fold, moment))


def _without_call(fold: Fold, moment: Moment) -> Verdict | None:
    """Return the verdict where nothing has to be asked or told."""
    rules = fold.rules
    if fold.merges and rules.on.merged == "review":
        return open_item(fold, "merged", moment)
    hinted = fold.hint
    asked = fold if hinted is None else _at_first(fold)
    if not asked.asks:
        return asked.settled(End("unchanged"), asked.link.record_id)
    early = _too_early(fold, moment) or still_open(fold, moment)
    if early is not None:
        return early
    if hinted is not None and not rules.lookup.is_id(hinted.hint or ""):
        reason = "the hint does not match lookup.id_pattern"
        return Rejected("bad_external_id", reason)
    if hinted is not None and _conflicts(fold) and rules.on.hint_conflict == "review":
        return open_item(fold, "hint_conflict", moment)
    return None


def _with_calls(fold: Fold, moment: Moment) -> Conversation:
    tried = list(candidates(fold))
    for record_id, stranger in tried:
        at_it = fold.at(record_id)
        verdict = yield from change(at_it, record_id, moment, stranger=stranger)
        if verdict is not None:
            return verdict
    gone = {candidate.record_id for candidate in tried}
    return (yield from _looked_up(fold.at(None), gone, moment))


def _taken_up(items: Sequence[Item], link: Link, rules: Rules) -> Sequence[Item]:
    """Let the events end of a user without a link who is not selected (yet).

    One after another they would end so, until one selects the user.
    """
    if rules.condition is None or link.record_id is not None:
        return items
    taken = list(items)
    for number, item in enumerate(items):
        if not item.values and not item.hint and item.marks == ():
            continue
        if item.selected:
            break
        bare = replace(item.change, fields={})
        taken[number] = replace(
            item, change=bare, without_call="not_selected", marks=(), hint=None
        )
    return taken


def _too_early(fold: Fold, moment: Moment) -> Verdict | None:
    deletion = fold.deletion
    if deletion is None:
        return None
    due_at = deletion.received_at + fold.rules.grace_seconds
    return grace(due_at, "deletion", moment)


def _at_first(fold: Fold) -> Fold:
    """Return the fold for the record that is tried first."""
    first = next(candidates(fold), None)
    return fold if first is None else fold.at(first.record_id)


def _conflicts(fold: Fold) -> bool:
    """Whether a newer hint names another record than the link, and nobody said no."""
    hinted, linked = fold.hint, fold.link.record_id
    if hinted is None or linked is None or hinted.hint == linked:
        return False
    return fold.link.fingerprints.get(HINT) not in (REFUSED, hinted.change.fields[HINT])


def candidates(fold: Fold) -> Iterator[Candidate]:
    """Yield the records to try before any look-up, in order."""
    hinted, linked = fold.hint, fold.link.record_id
    hint = linked if hinted is None else hinted.hint or ""
    if hint is not None and hint != linked and fold.rules.lookup.is_id(hint):
        relinks = _conflicts(fold) and fold.rules.on.hint_conflict == "relink"
        if linked is None or relinks:
            yield Candidate(hint, stranger=True)
    if linked is not None:
        yield Candidate(linked, stranger=False)


def _looked_up(fold: Fold, gone: set[str], moment: Moment) -> Conversation:
    found = yield from look_up(fold, fold.rules)
    if isinstance(found, Ambiguous):
        if not found.ours and _is_ordered(fold, "ambiguous"):
            return (yield from _created(fold, moment))
        return open_item(fold, "ambiguous", moment)
    if found is not None and found.record_id not in gone:
        verdict = yield from _changed(fold, found, moment)
        if verdict is not None:
            return verdict
    if fold.was_linked and fold.deletion is None:
        return (yield from _gone(fold, moment))
    return (yield from _missing(fold, moment))


def _changed(fold: Fold, found: Match, moment: Moment) -> Maybe:
    record_id, stranger = found
    return (yield from change(fold.at(record_id), record_id, moment, stranger=stranger))


def _is_ordered(fold: Fold, reason: ReviewReason) -> bool:
    """Whether a person wants a record to be made now, which *reason* stands against.

    None is made for a user who was deleted.
    """
    if not fold.ordered or fold.deletion is not None:
        return False
    return refusal(reason, fold.rules.lookup, fold.rules.look_ups) is None


def _gone(fold: Fold, moment: Moment) -> Conversation:
    ordered = _is_ordered(fold, "gone")
    match "create" if ordered else fold.rules.on.gone:
        case "create":
            return (yield from _created(fold, moment))
        case "unlink":
            return fold.settled(End("skipped"), None)
        case "review":
            return open_item(fold, "gone", moment)


def _missing(fold: Fold, moment: Moment) -> Conversation:
    policy = "create" if _is_ordered(fold, "unmatched") else _policy(fold)
    if policy == "skip":
        return fold.settled(End("skipped"), None)
    keyless = fold.deletion is None and not _has_key(fold)
    if keyless and not _is_ordered(fold, "unverified"):
        return open_item(fold, "unverified", moment)
    if policy == "create":
        return (yield from _created(fold, moment))
    if fold.deletion is None and not fold.creates:
        since = min(item.received_at for item in fold.winners)
        due_at = since + fold.rules.unmatched_grace_seconds
        early = grace(due_at, "unmatched", moment)
        if early is not None:
            return early
    return open_item(fold, "unmatched", moment)


def _policy(fold: Fold) -> str:
    on = fold.rules.on
    if fold.deletion is not None:
        return on.deleted_missing
    return on.created_missing if fold.creates else on.updated_missing


def _has_key(fold: Fold) -> bool:
    """Whether there is anything to find the record by that would be made."""
    if fold.emails:
        return True
    waits = any(item.untrusted for item in fold.winners)
    return fold.rules.lookup.user_id_field is not None and not waits


def _created(fold: Fold, moment: Moment) -> Conversation:
    """Make the record; where there is one like it, find that one."""
    verdict = yield from create(fold, moment)
    if verdict is not None:
        return verdict
    found = yield from look_up(fold, fold.rules)
    if isinstance(found, Ambiguous):
        return open_item(fold, "ambiguous", moment)
    if found is not None:
        verdict = yield from _changed(fold, found, moment)
    return verdict or RetryLater("there is one like it, but nobody is found")


def culprit_of(call: Call, items: Sequence[Item], rejected: Rejected) -> Rejected:
    """Say which event is at fault for a refused *call*, where only one can be.

    A fold that ends in a deletion asks for nothing else.
    """
    deletions = [i.change for i in items if i.is_deletion]
    if not isinstance(call, Deactivate | Delete) or not deletions:
        return rejected
    return replace(rejected, culprit=max(deletions, key=lambda c: c.version).offset)
