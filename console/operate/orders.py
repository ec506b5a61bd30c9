"""Commands as messages: what they say, and where they go."""

from __future__ import annotations

import time

import msgspec

from console.operate.entries import Parked
from console.operate.target import Target
from events import headers as h
from events.publisher import Message

FORMAT = 1
EVERYBODY = b"@all"


def about(target: Target, name: str, event: Parked, reason: str | None) -> Message:
    """Return the command *name* about one parked event, and no other."""
    value = {"offset": event.offset, "topic": event.topic_ref}
    key = event.user.encode()
    return _order(target, name, key, event.partition, _with(value, reason))


def of_user(target: Target, name: str, user_id: str, **more: str) -> Message:
    """Return the command *name* about what is known of one user."""
    partition = target.partition_of(user_id)
    return _order(target, name, user_id.encode(), partition, dict(more))


def standing(target: Target, name: str, reason: str | None) -> list[Message]:
    """Return the command *name* for the whole destination: one for each partition."""
    value = _with({}, reason)
    return [
        _order(target, name, EVERYBODY, number, value) for number in target.partitions
    ]


def _with(value: dict[str, object], reason: str | None) -> dict[str, object]:
    return value if reason is None else value | {"reason": reason}


def _order(
    target: Target, name: str, key: bytes, partition: int, value: dict[str, object]
) -> Message:
    told = {"format": FORMAT, "command": name, **value, "at": h.instant(time.time())}
    topic = target.topics.commands(target.name).name
    return Message(topic, key, msgspec.json.encode(told), [], partition)
