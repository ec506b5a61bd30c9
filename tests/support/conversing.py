"""One attempt as a conversation: given events, given answers."""

from __future__ import annotations

from typing import Any

from events.model import Event
from processors.correlation.calls import (
    Answer,
    Call,
    Done,
)
from processors.correlation.correlate import Moment, correlate
from processors.correlation.reading import Fingerprints, Item, item_of
from processors.correlation.rules import Lookup, On, Rules
from processors.delivery.link import Link
from processors.delivery.verdict import End, NeedsReview, Settled, Verdict

FIELDS = {"email": "email", "name": "name", "phone": "phone_number"}
UNKNOWN = Link()
LOOKUP = Lookup(hint="app_metadata.crm_contact_id", email_trust="any")
LATER = Moment(1e9, 1e9)


def rules(**on: Any) -> Rules:
    policies = On(**{"deleted": "deactivate", **on})
    return Rules(lookup=LOOKUP, on=policies, deletion_grace_seconds=60.0, fields=FIELDS)


class Restoring(Rules):
    """Rules of a destination that can make a record active again."""

    @property
    def can_restore(self) -> bool:
        return True


def event(
    kind: str = "user.updated", *, test: bool = False, at: int = 1, **profile: Any
) -> Event:
    time = f"2025-06-01T12:00:{at:02}Z"
    profile = {"user_id": "auth0|1", **profile}
    return Event(f"e{at}", kind, time, "auth0|1", test, profile)


def items(*events: Event, declared: Rules) -> list[Item]:
    secret = Fingerprints("secret")
    return [item_of(e, n, 0.0, declared, secret) for n, e in enumerate(events)]


def converse(
    given: Event | list[Event], declared: Rules, *answers: Answer, link: Link = UNKNOWN
) -> tuple[list[Call], Verdict]:
    """Answer the calls one after another; return them and the verdict."""
    events = given if isinstance(given, list) else [given]
    conversation = correlate(items(*events, declared=declared), link, declared, LATER)
    calls = []
    try:
        call = next(conversation)
        for answer in answers:
            calls.append(call)
            call = conversation.send(answer)
    except StopIteration as end:
        return calls, end.value
    raise AssertionError(f"unanswered: {call}")


def ends(verdict: Verdict) -> list[End]:
    assert isinstance(verdict, Settled)
    return list(verdict.ends)


def reason(verdict: Verdict) -> str:
    assert isinstance(verdict, NeedsReview)
    assert verdict.link is not None
    assert verdict.link.open is not None
    assert verdict.link.open.reason == verdict.reason
    return verdict.reason


def after(*events: Event, declared: Rules, record_id: str = "7") -> Link:
    """Return the link once the destination has taken *events*."""
    link = Link(record_id=record_id)
    for each in events:
        _, verdict = converse(each, declared, Done(record_id), link=link)
        assert isinstance(verdict, Settled)
        link = verdict.link
    return link
