"""One attempt as a conversation: yields calls, is sent answers, returns a verdict."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from events.model import MISSING, Event
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
    Update,
)
from processors.correlation.mapping import mapped
from processors.correlation.rules import Rules
from processors.delivery.verdict import NeedsReview, Rejected, Settled, Verdict

Conversation = Generator[Call, Answer, Verdict]
_TYPES = ("user.created", "user.updated", "user.deleted")


def correlate(event: Event, rules: Rules) -> Conversation:
    """Bring the record of the event's user in line with *event*.

    The record is the one that the hint names, else the one whose email is the user's.
    More than one hit is never guessed about. Failed calls never come in here: whoever
    drives the conversation ends it.
    """
    if event.type not in _TYPES:
        return Settled("unhandled")
    if event.test and rules.test_events == "skip":
        return Settled("test")
    hint = _hint(event, rules)
    if hint is not None and not rules.lookup.is_id(hint):
        return Rejected("bad_external_id", "the hint does not match lookup.id_pattern")
    if hint is not None:
        verdict = yield from _change(event, rules, hint)
        if verdict is not None:
            return verdict
    return (yield from _by_email(event, rules))


def _hint(event: Event, rules: Rules) -> str | None:
    value = MISSING if rules.lookup.hint is None else event.at(rules.lookup.hint)
    if value in (MISSING, None, "") or isinstance(value, bool):
        return None
    return str(value)


def _by_email(event: Event, rules: Rules) -> Conversation:
    email = event.at("email")
    if not isinstance(email, str) or not email:
        return (yield from _missing(event, rules))
    answer = yield Find(email)
    assert isinstance(answer, Found)  # noqa: S101 -- a Find has no other answer
    if len(answer.record_ids) > 1:
        return NeedsReview("ambiguous")
    if not answer.record_ids:
        return (yield from _missing(event, rules))
    verdict = yield from _change(event, rules, answer.record_ids[0])
    return verdict if verdict is not None else NeedsReview("unmatched")


def _change(
    event: Event, rules: Rules, record_id: str
) -> Generator[Call, Answer, Settled | None]:
    """Change the record; None when it is not there."""
    if event.type == "user.deleted":
        return (yield from _remove(rules, record_id))
    fields = mapped(event, rules.fields)
    if not fields:
        return Settled("skipped", record_id=record_id)
    answer = yield Update(record_id, fields)
    if isinstance(answer, Gone):
        return None
    return Settled("applied", "updated", record_id, tuple(fields))


def _remove(rules: Rules, record_id: str) -> Generator[Call, Answer, Settled | None]:
    match rules.on.deleted:
        case "ignore":
            return Settled("skipped", record_id=record_id)
        case "delete":
            answer = yield Delete(record_id)
            done = Settled("applied", "deleted", record_id)
        case "deactivate":
            answer = yield Deactivate(record_id)
            done = Settled("applied", "deactivated", record_id)
    return None if isinstance(answer, Gone) else done


def _missing(event: Event, rules: Rules) -> Conversation:
    policies: dict[str, Any] = {
        "user.created": rules.on.created_missing,
        "user.updated": rules.on.updated_missing,
        "user.deleted": rules.on.deleted_missing,
    }
    match policies[event.type]:
        case "create":
            fields = mapped(event, rules.fields)
            answer = yield Create(fields)
            assert isinstance(answer, Done)  # noqa: S101 -- a Create has no other answer
            return Settled("applied", "created", answer.record_id, tuple(fields))
        case "skip":
            return Settled("skipped")
        case _:
            return NeedsReview("unmatched")
