"""What happens to the test user, and what its record must hold after each step."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import uuid4

from events.exits import BadConfiguration
from events.model import MISSING
from events.model import read as read_event
from processors.correlation.fields import Sent
from processors.correlation.paths import at, steps
from processors.correlation.reading import Fingerprints, Item, item_of
from processors.destination import Destination

Kind = Literal["created", "updated", "deleted"]
DELETED = "deleted"  # the title of the last step
# Tried in this order for the event that carries one attribute alone.
PARTS = {
    "phone_number": "+4930123457",
    "name": "Keepstep Verified",
    "given_name": "Verified",
    "family_name": "Keepstep-Verified",
    "nickname": "verified",
}
BEFORE = {
    "email_verified": True,
    "name": "Keepstep Verify",
    "given_name": "Keepstep",
    "family_name": "Verify",
    "nickname": "verify",
    "phone_number": "+4930123455",
}
AFTER = {
    "name": "Keepstep Verify Again",
    "given_name": "Keepstep-Again",
    "family_name": "Verify-Again",
    "nickname": "verify-again",
    "phone_number": "+4930123456",
}


@dataclass(frozen=True)
class Step:
    """One event, the outcome it must have, and what the record must hold then.

    `record` is by the fields' dotted paths; None: the record must be gone.
    """

    title: str
    event_id: str
    body: bytes
    outcome: str
    record: Mapping[str, Any] | None


@dataclass
class Plot:
    """The test user's life; *more* are attributes that its profile needs besides."""

    destination: Destination
    source: str
    more: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        mark = f"keepstep-verify-{uuid4().hex[:12]}"
        self.user_id = f"auth0|{mark}"
        self.email = f"{mark}@example.com"
        self._profile: dict[str, Any] = {}
        self._record: dict[str, Any] = {}

    def steps(self) -> Iterator[Step]:
        """Yield the steps; each is made when the one before has ended.

        Raises:
            BadConfiguration: The destination's file leaves such a user out.
        """
        yield self._change("created", "created", {"email": self.email} | BEFORE)
        yield self._change("updated", "updated", self._profile | AFTER)
        yield self._change("updated in part", "updated", dict([self._part()]))
        yield self.deletion()

    def deletion(self) -> Step:
        """Return the last step, which is also how the user is cleaned up."""
        body = self._event("deleted", self._profile)
        policy, known = self.destination.on.deleted, self._record
        match policy:
            case "deactivate":
                return self._step(body, "applied (deactivated)", known | self._off())
            case "delete":
                return self._step(body, "applied (deleted)", None)
            case "ignore":
                return self._step(body, "skipped", known)

    def _change(self, title: str, kind: Kind, profile: dict[str, Any]) -> Step:
        sent: Sent = "create" if kind == "created" else "update"
        whole = {"user_id": self.user_id, **self.more, **profile}
        body = self._event(kind, whole)
        item = self._item(body)
        if not item.selected:
            raise BadConfiguration(
                "select: leaves the test user out: name a file of attributes that it "
                "asks for, with --profile"
            )
        written = self.destination.written
        new = {n: v for n, v in item.values.items() if sent in written[n].on}
        changed = {n for n, v in new.items() if self._record.get(n, MISSING) != v}
        self._profile |= whole
        self._record |= new
        outcome = f"applied ({kind})" if changed else "unchanged"
        return self._step(body, outcome, dict(self._record), title)

    def _part(self) -> tuple[str, str]:
        """Return an attribute that a field is made of; any, where none is."""
        for name, value in PARTS.items():
            body = self._event("updated", {"user_id": self.user_id, name: value})
            found = self._item(body).values.items()
            if any(self._record.get(n, MISSING) not in (MISSING, v) for n, v in found):
                return name, value
        return next(iter(PARTS.items()))

    def _off(self) -> dict[str, Any]:
        """Return what the request for a deactivation says of the record."""
        asked = self.destination.requests
        body = None if asked.deactivate is None else asked.deactivate.body
        inside = at(body, steps(asked.fields_at)) if asked.fields_at else body
        if not isinstance(inside, dict):
            return {}
        return {name: value for name, value in _leaves(inside) if "{" not in str(value)}

    def _item(self, body: dict[str, Any]) -> Item:
        event = read_event(json.dumps(body).encode())
        return item_of(event, 0, time.time(), self.destination, Fingerprints("verify"))

    def _event(self, kind: Kind, profile: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "specversion": "1.0",
            "id": f"evt_verify{uuid4().hex[:16]}",
            "source": self.source,
            "type": f"user.{kind}",
            "time": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
            "data": {"object": dict(profile)},
        }

    def _step(
        self,
        body: dict[str, Any],
        outcome: str,
        record: Mapping[str, Any] | None,
        title: str = DELETED,
    ) -> Step:
        return Step(title, body["id"], json.dumps(body).encode(), outcome, record)


def _leaves(tables: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in tables.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{above}{name}.")
        else:
            yield above + name, value


def found_in(record: Mapping[str, Any], name: str) -> Any:
    """Return what *record* holds at the dotted path *name*, or MISSING."""
    return at(dict(record), steps(name))


def is_same(expected: Any, found: Any) -> bool:
    """Whether a destination kept the value; some keep everything as text.

    >>> is_same(5, "5"), is_same(True, "true"), is_same("a", "b")
    (True, True, False)
    """
    if found is MISSING:
        return expected is None
    if expected == found:
        return True
    if isinstance(expected, bool):
        expected = json.dumps(expected)
    return str(expected) == str(found)
