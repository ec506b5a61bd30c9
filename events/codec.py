"""Reads out of a webhook body what its Kafka message needs: key and headers.

A body is read, never rewritten: the message's value is the body, byte for byte.
"""

from __future__ import annotations

from typing import Any

import msgspec

_KEY_PATHS = (
    ("user_id",),
    ("user", "user_id"),
    ("id",),
    ("organization", "id"),
    ("group", "id"),
)
# Headers and key ride beside a body of up to 4 MiB and must not outgrow the room that
# `events.topics.EVENT_BYTES_MAX` leaves them. Auth0's longest user ids, of enterprise
# connections, have some hundred characters.
KEY_CHARACTERS_MAX = 1024
HEADER_CHARACTERS_MAX = 1024
IDENTITIES_MAX = 100


class UnreadableEvent(ValueError):
    """The bytes are no readable event; keep them, they cannot be keyed.

    `reason` is one of `not_json`, `not_an_object`, `no_type`, `no_key`,
    `key_too_long`, `too_many_identities`.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"no readable event: {reason}")
        self.reason = reason


class Peek(msgspec.Struct, frozen=True, gc=False):
    """What is known of an event without reading its profile.

    `identities` is what the profile says of them, unread.
    """

    type: str
    key: str
    id: str | None
    time: str | None
    source: str | None
    traceparent: str | None
    identities: object = None

    def other_identities(self) -> tuple[str, ...]:
        """Return the user ids of the other logins merged into this user, once each.

        Auth0 lists them in `identities[]`, provider and id apart, the id a number or
        text (facts: Event Catalog 0.7.2, `identities`).

        Raises:
            UnreadableEvent: `too_many_identities`.
        """
        if self.type not in ("user.updated", "user.deleted"):
            return ()
        if not isinstance(self.identities, list):
            return ()
        found = dict.fromkeys(name for i in self.identities if (name := _login(i)))
        found.pop(self.key, None)
        if len(found) > IDENTITIES_MAX:
            raise UnreadableEvent("too_many_identities")
        return tuple(found)


_whole = msgspec.json.Decoder()


def decode(body: bytes) -> dict[str, Any]:
    """Return the whole event as plain JSON values, or raise `UnreadableEvent`.

    Refused are also what JSON has no room for: NaN, bytes that are no UTF-8, a lone
    surrogate, numbers beyond 64 bits, nesting beyond the interpreter's limit.
    """
    try:
        event = _whole.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise UnreadableEvent("not_json") from None
    if not isinstance(event, dict):
        raise UnreadableEvent("not_an_object")
    return event


def peek(body: bytes) -> Peek:
    """Return type, key and headers of *body*.

    The key is `data.object.user_id`; for events about a member of something
    `data.object.user.user_id`; for all others the id of the object, else of the
    organization or group that it belongs to (payloads: Event Catalog 0.7.2).
    The whole body is decoded, so whatever has a key can be read by `decode`, too.

    Raises:
        UnreadableEvent: The body is no JSON object in UTF-8, or has no type or key
            of a sane length.
    """
    return seen(decode(body))


def seen(event: dict[str, Any]) -> Peek:
    """Return what `peek` does, of an event that is decoded.

    Raises:
        UnreadableEvent: As `peek`.
    """
    kind = _text(event.get("type"))
    if kind is None:
        raise UnreadableEvent("no_type")
    profile = _object_of(event)
    key = _key_of(kind, profile)
    return Peek(
        type=kind,
        key=key,
        id=_text(event.get("id")),
        time=_text(event.get("time")),
        source=_text(event.get("source")),
        traceparent=_text(event.get("traceparent")),
        identities=profile.get("identities"),
    )


def _object_of(event: dict[str, Any]) -> dict[str, Any]:
    data = event.get("data")
    profile = data.get("object") if isinstance(data, dict) else None
    if not isinstance(profile, dict):
        raise UnreadableEvent("no_key")
    return profile


def _key_of(kind: str, profile: dict[str, Any]) -> str:
    paths = _KEY_PATHS[:1] if kind.startswith("user.") else _KEY_PATHS
    for path in paths:
        value: Any = profile
        for step in path:
            value = value.get(step) if isinstance(value, dict) else None
        if isinstance(value, str) and value:
            if len(value) > KEY_CHARACTERS_MAX:
                raise UnreadableEvent("key_too_long")
            return value
    raise UnreadableEvent("no_key")


def _login(identity: object) -> str | None:
    if not isinstance(identity, dict):
        return None
    provider, number = identity.get("provider"), identity.get("user_id")
    if not isinstance(provider, str) or not provider:
        return None
    if isinstance(number, bool) or not isinstance(number, str | int) or number == "":
        return None
    name = f"{provider}|{number}"
    return name if len(name) <= KEY_CHARACTERS_MAX else None


def _text(value: object) -> str | None:
    """Return *value* where it is text that fits a header."""
    fits = isinstance(value, str) and 0 < len(value) <= HEADER_CHARACTERS_MAX
    return value if fits else None  # type: ignore[return-value]  # fits says it is str
