"""What the links topic says of users and, under reserved keys, of its partitions."""

from __future__ import annotations

import msgspec
from confluent_kafka import Message

from console.operate.reader import Reader
from console.operate.target import Target
from events.exits import BadConfiguration
from processors.delivery.link import Link, UnreadableLink, decode
from processors.ledger.keys import CONTROL, META, NONE, link_key, user_of


class Paused(msgspec.Struct, frozen=True):
    """Since when a partition makes no calls, and why."""

    at: str | None = None
    reason: str | None = None


class Meta(msgspec.Struct, frozen=True):
    """What is known of one partition; keys that are not needed here are left out."""

    topic: str = ""
    start: int = 0
    commands: int = -1
    paused: Paused | None = None


def meta(message: Message) -> Meta:
    """Return what a record under the key `@meta` says.

    Raises:
        BadConfiguration: It cannot be read; the message says where it is.
    """
    try:
        return msgspec.json.decode(message.value() or b"{}", type=Meta)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _unreadable(message, str(error)) from None


def metas(reader: Reader, target: Target) -> dict[int, Meta]:
    """Return what is known of each partition that a worker has had."""
    last = {}
    topic = target.topics.links(target.name).name
    for message in reader.records(topic, target.partitions):
        if message.key() == META:
            last[message.partition() or 0] = message
    return {number: meta(message) for number, message in last.items()}


def link(reader: Reader, target: Target, user_id: str) -> Link | None:
    """Return the user's link, or None while there is none."""
    key = link_key(user_id.encode())
    last = None
    topic = target.topics.links(target.name).name
    for message in reader.records(topic, [target.partition_of(user_id)]):
        if message.key() == key:
            last = message
    if last is None or last.value() is None:
        return None
    try:
        return decode(last.value() or b"")
    except UnreadableLink as error:
        raise _unreadable(last, str(error)) from None


def links_topic(target: Target) -> str:
    """Return the name of the topic that holds the links."""
    return target.topics.links(target.name).name


def link_of(message: Message, user_id: str) -> Link | None:
    """Return the link that *message* writes, if it is the user's."""
    raw = message.value()
    if message.key() != link_key(user_id.encode()) or raw is None:
        return None
    try:
        return decode(raw)
    except UnreadableLink as error:
        raise _unreadable(message, str(error)) from None


def all_links(reader: Reader, target: Target) -> dict[str, Link]:
    """Return the link of every user of whom one is known.

    Raises:
        BadConfiguration: One cannot be read; the message says where it is.
    """
    last = {}
    topic = target.topics.links(target.name).name
    for message in reader.records(topic, target.partitions):
        key = message.key() or b""
        if key not in (*CONTROL, NONE):
            last[key] = message
    found = {}
    for key, message in last.items():
        raw = message.value()
        if raw is None:
            continue
        try:
            found[user_of(key).decode()] = decode(raw)
        except UnreadableLink as error:
            raise _unreadable(message, str(error)) from None
    return found


def _unreadable(message: Message, reason: str) -> BadConfiguration:
    return BadConfiguration(
        f"{message.topic()}, partition {message.partition()}, offset "
        f"{message.offset()}: no record that this release can read ({reason}): use the "
        "release that wrote it, or restore the record"
    )
