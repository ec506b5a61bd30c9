"""Reads the ledger's records back into what the rules work with."""

from __future__ import annotations

from sys import intern  # what many thousands of waiting events have in common
from typing import Any, get_args

import msgspec

from events import headers as h
from events.codec import Peek, UnreadableEvent, peek
from processors.delivery.commands import OF_USERS, Command, CommandName
from processors.delivery.lane import Entry, Waiting
from processors.delivery.records import Meta
from processors.ledger import keys
from processors.ledger.origin import Origin
from processors.rest.url import is_plain_id

FORMAT = 1
STATES = ("waiting", "held", "review", "grace", "budget")
COMMANDS = get_args(CommandName)


class UnreadableRecord(ValueError):
    """The record is not of this release or the one before; says what is wrong."""


class _Meta(msgspec.Struct):
    format: int
    topic: str = ""
    start: int = 0
    commands: int = -1
    paused: dict[str, Any] | None = None
    deactivations: tuple[tuple[int, int], ...] = ()
    calls: tuple[tuple[int, int], ...] = ()
    calls_bucket_seconds: int = 1


class _Command(msgspec.Struct):
    format: int
    command: str
    offset: int = -1
    topic: str = ""
    reason: str = ""
    at: str = ""
    record: str = ""
    field: str = ""


_meta = msgspec.json.Decoder(_Meta)
_command = msgspec.json.Decoder(_Command)


def meta(raw: bytes | None) -> Meta | None:
    """Return the partition's own record, None where there is none yet.

    Raises:
        UnreadableRecord: The bytes are something else, or of a later format.
    """
    if raw is None:
        return None
    try:
        found = _meta.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UnreadableRecord(str(error)) from None
    if found.format > FORMAT:
        raise UnreadableRecord(f"format {found.format} is of a later release")
    pause = found.paused or {}
    return Meta(
        found.topic,
        found.start,
        found.commands,
        found.paused is not None,
        str(pause.get("reason", "")),
        str(pause.get("at", "")),
        found.deactivations,
        found.calls,
        max(1, found.calls_bucket_seconds),
    )


def command(offset: int, key: bytes | None, value: bytes | None) -> Command:
    """Return an operator's order; what cannot be read is the command `unknown`."""
    try:
        found = _command.decode(value or b"")
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Command(offset, "unknown")
    if found.format > FORMAT or found.command not in COMMANDS:
        return Command(offset, "unknown")
    if found.command in OF_USERS and not _fits_user(found, key):
        return Command(offset, "unknown")
    return Command(
        offset,
        found.command,  # type: ignore[arg-type]  # one of COMMANDS
        key or b"",
        found.topic,
        found.offset,
        found.reason,
        found.at,
        found.record,
        found.field,
    )


def _fits_user(found: _Command, key: bytes | None) -> bool:
    """Whether an order about a user's link names one, and an id that may be in URLs."""
    leads_to_record = found.command != "link" or is_plain_id(found.record)
    return bool(key) and leads_to_record


def parked(key: bytes, headers: object, size_bytes: int, at: int) -> Waiting:
    """Return the event that waits in the retry topic at offset *at*, without its body.

    Raises:
        UnreadableRecord: Key or headers are no entry of a parked event.
    """
    found = h.decode(headers)
    try:
        user, topic_ref, offset = key.rsplit(b"@", 2)
        state = found.get(h.STATE, "waiting")
        if state not in STATES:
            raise UnreadableRecord(f"state {state!r} is of a later release")
        not_before = found.get(h.NOT_BEFORE)
        entry = Entry(
            intern(state),  # type: ignore[arg-type]  # one of STATES
            int(found[h.ATTEMPT]),
            None if not_before is None else h.epoch_seconds(not_before),
            h.epoch_seconds(found[h.FIRST_FAILED_AT]),
            intern(found.get(h.REASON, "")),
            at,
        )
        event_type = intern(found.get(h.EVENT_TYPE, ""))
        ref = intern(topic_ref.decode())
        return Waiting(user, ref, int(offset), size_bytes, event_type, entry=entry)
    except (KeyError, ValueError) as error:
        raise UnreadableRecord(f"no entry of a parked event ({error})") from None


def restored(event: Waiting, value: bytes, headers: object) -> None:
    """Give the parked *event* its body back, as it was read from the retry topic."""
    found = h.decode(headers)
    kept = {n: v for n, v in found.items() if n not in h.OF_ENTRIES}
    # The release before did not keep the message's own timestamp.
    at = found.get(h.SOURCE_TIMESTAMP) or found[h.FIRST_FAILED_AT]
    event.body = Origin(
        found.get(h.SOURCE_TOPIC, ""),
        int(found.get(h.SOURCE_PARTITION, "0")),
        event.offset,
        event.user,
        value,
        h.epoch_seconds(at),
        kept,
    )


def _happened_at(seen: Peek, origin: Origin) -> float:
    """Return when it happened; of an event that does not say, when it was published."""
    try:
        return h.epoch_seconds(seen.time or "")
    except ValueError:
        return origin.received_at


def arrived(origin: Origin, topic_ref: str, *, own: bool) -> Waiting:
    """Return the event of a message; *own* says that its key belongs here.

    What cannot be read, and what came under another user's key or in another
    partition, goes into the lane `@none` and is never attempted.
    """
    size_bytes = len(origin.value or b"") + 200
    event = Waiting(
        keys.NONE,
        topic_ref,
        origin.offset,
        size_bytes,
        body=origin,
        received_at=origin.received_at,
    )
    try:
        seen = peek(origin.value or b"")
    except UnreadableEvent as error:
        event.unattempted, event.reason = "unreadable", error.reason
        return event
    event.event_type = intern(seen.type)
    event.happened_at = _happened_at(seen, origin)
    key = seen.key.encode()
    if key != origin.key or not own:
        event.unattempted = "rerouted"
    else:
        event.user = key
    return event
