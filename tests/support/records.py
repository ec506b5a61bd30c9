"""A destination as the rules see it: records that answer every call truthfully."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from events.model import Event
from processors.correlation.calls import (
    Answer,
    Braked,
    Call,
    Create,
    Deactivate,
    Delete,
    Done,
    Fetch,
    Fetched,
    Find,
    Found,
    Gone,
    Restore,
    Update,
)
from processors.correlation.correlate import Moment, correlate
from processors.correlation.reading import Fingerprints, Item, item_of
from processors.correlation.rules import Lookup, On, Rules
from processors.delivery.link import Link
from processors.delivery.verdict import End, NeedsReview, Settled, Verdict

SECRET = Fingerprints("secret")
LATER = Moment(1e10, 1e10)
FIELDS = {"email": "email", "name": "name", "phone": "phone_number"}
USER = "auth0|1"
MAIL = "ann@example.com"


class Able(Rules):
    """Rules of a destination that can restore and fetch records."""

    @property
    def can_restore(self) -> bool:
        return True

    @property
    def can_fetch(self) -> bool:
        return True


def rules(
    on: Mapping[str, Any] | None = None,
    lookup: Mapping[str, Any] | None = None,
    **more: Any,
) -> Rules:
    """Return the design's defaults, with the hint and the user_id field in use."""
    known = {"hint": "app_metadata.id", "user_id_field": "own"}
    return Able(
        lookup=Lookup(**{**known, **(lookup or {})}),
        on=On(**{"deleted": "deactivate", **(on or {})}),
        **{"fields": FIELDS, **more},
    )


def event(kind: str, at: float, event_id: str | None = None, **profile: Any) -> Event:
    """Return an event at a second of a minute, of a user with a verified address."""
    known: dict[str, Any] = {"user_id": USER}
    if "email" in profile:
        known["email_verified"] = True
    return Event(
        event_id or f"e{at:g}",
        f"user.{kind}",
        f"2025-06-01T12:{int(at) // 60:02}:{at % 60:09.6f}Z",
        USER,
        test=False,
        profile={**known, **profile},
        previous=profile.pop("previous", {}),
    )


def mark(kind: str, at: float, primary: str = "auth0|primary") -> Event:
    """Return a control event: *primary* took this login in, or has gone."""
    made = event(kind, at, f"{kind}{at:g}/{primary}")
    return Event(
        made.id,
        f"keepstep.user.{kind}",
        made.time,
        USER,
        test=False,
        profile={"user_id": USER},
        primary_user_id=primary,
    )


@dataclass
class Record:
    """One record; `active` is whether it was not deactivated."""

    fields: dict[str, Any]
    active: bool = True


@dataclass
class Records:
    """The records by id, and every call that was made."""

    held: dict[str, Record] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    brakes: bool = False

    def add(self, record_id: str, **fields: Any) -> None:
        """Have a record that was there before us."""
        self.held[record_id] = Record(fields)

    @property
    def writes(self) -> list[Call]:
        """The calls that change something."""
        return [call for call in self.calls if not isinstance(call, Find | Fetch)]

    def answer(self, call: Call) -> Answer:
        """Carry out *call*."""
        if isinstance(call, Deactivate | Delete) and self.brakes:
            return Braked()
        self.calls.append(call)
        match call:
            case Find(value=value, key=key):
                name = "own" if key == "user_id" else "email"
                found = {
                    record_id: str(record.fields.get("own") or "")
                    for record_id, record in self.held.items()
                    if str(record.fields.get(name)).casefold() == value.casefold()
                }
                return Found(tuple(found), {r: own for r, own in found.items() if own})
            case Create(fields=fields):
                record_id = f"c{len(self.held) + 1}"
                self.held[record_id] = Record(dict(fields))
                return Done(record_id)
        record = self.held.get(call.record_id)
        if record is None:
            return Gone()
        match call:
            case Fetch():
                return Fetched(dict(record.fields))
            case Update(fields=fields):
                record.fields.update(fields)
            case Deactivate():
                record.active = False
            case Restore():
                record.active = True
            case Delete(record_id=record_id):
                del self.held[record_id]
        return Done(call.record_id)


@dataclass
class User:
    """One user at one destination: events in, calls out, the link between."""

    rules: Rules
    records: Records = field(default_factory=Records)
    link: Link = field(default_factory=Link)
    moment: Moment = LATER
    _offset: int = 0

    def items(self, *events: Event, received_at: float = 0.0) -> list[Item]:
        """Return *events* as they are read, at the next offsets."""
        found = []
        for each in events:
            self._offset += 1
            found.append(
                item_of(each, self._offset, received_at, self.rules, SECRET, "")
            )
        return found

    def tries(self, items: list[Item], *, lost_after: int | None = None) -> Verdict:
        """Make an attempt; the answer to call number *lost_after* is lost."""
        conversation = correlate(items, self.link, self.rules, self.moment)
        made = 0
        try:
            call = next(conversation)
            while True:
                answer = self.records.answer(call)
                made += 1
                if made == lost_after:
                    conversation.close()
                    raise Lost
                call = conversation.send(answer)
        except StopIteration as end:
            verdict: Verdict = end.value
        match verdict:
            case Settled(link=link):
                self.link = link
            case NeedsReview(link=Link() as link):
                self.link = link
        return verdict

    def takes(self, *events: Event) -> Verdict:
        """Make an attempt for *events*, whose messages are of long ago."""
        return self.tries(self.items(*events))

    def ends(self, *events: Event) -> list[End]:
        """Make an attempt, and return how each of *events* ended."""
        verdict = self.takes(*events)
        assert isinstance(verdict, Settled), verdict
        return list(verdict.ends)

    def outcomes(self, *events: Event) -> list[str]:
        """Make an attempt, and return what each event's outcome says."""
        return [end.action or end.outcome for end in self.ends(*events)]

    def waits(self, *events: Event) -> str:
        """Make an attempt that must end as an open item; return why."""
        verdict = self.takes(*events)
        assert isinstance(verdict, NeedsReview), verdict
        return verdict.reason


def linked(**on: str) -> User:
    """Return a user with a record, last changed at second 10."""
    user = User(rules(on=on))
    user.takes(event("created", 10, email=MAIL, name="Ann"))
    user.records.calls.clear()
    return user


def active(user: User) -> bool:
    """Whether that record is active."""
    return user.records.held["c1"].active


class Lost(Exception):
    """The answer to a call was lost."""
