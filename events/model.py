"""One Auth0 event about one user, as the processors read it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from events.codec import UnreadableEvent, decode, seen

# The user of every test event; the copy that Auth0 stores, and may redeliver, has
# lost the mark `a0purpose` (recorded against a real tenant by go-auth0 v1.45.0).
SAMPLE_USER_ID = "auth0|507f1f77bcf86cd799439020"


class Missing:
    """The type of MISSING: absent is not null, not empty, not false."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = Missing()


@dataclass(slots=True)  # frozen, it would take three times as long to make
class Event:
    """What is read of an event; the profile keeps every field that Auth0 sent."""

    id: str
    type: str
    time: str | None
    user_id: str
    test: bool
    profile: dict[str, Any] = field(repr=False)
    previous: dict[str, Any] = field(default_factory=dict, repr=False)
    primary_user_id: str = ""  # of a control event: the login that is still there

    def at(self, path: str) -> Any:
        """Return the profile's value at a dotted path, or MISSING.

        >>> event = Event("e1", "user.updated", None, "u1", False, {"a": {"b": None}})
        >>> event.at("a.b"), event.at("a.c")
        (None, MISSING)
        """
        value: Any = self.profile
        for step in path.split("."):
            if not isinstance(value, dict) or step not in value:
                return MISSING
            value = value[step]
        return value


def read(body: bytes) -> Event:
    """Return the event that *body* holds, tolerant of all that is not needed.

    Raises:
        UnreadableEvent: As `codec.peek`, or a number in it is out of range.
    """
    event = decode(body)
    known = seen(event)
    profile, previous = event["data"]["object"], event["data"].get("previous_object")
    return Event(
        id=known.id or "",
        type=known.type,
        time=known.time,
        user_id=known.key,
        test=event.get("a0purpose") == "test" or known.key == SAMPLE_USER_ID,
        profile=profile,
        previous=previous if isinstance(previous, dict) else {},
        primary_user_id=str(event["data"].get("primary_user_id") or ""),
    )


__all__ = ["MISSING", "Event", "Missing", "UnreadableEvent", "read"]
