"""What is known of one user at one destination, and how it is written down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec
from msgspec import structs

from processors.delivery.version import Version

FORMAT = 1
HINT = "@hint"  # the field that stands for the id in the profile
REFUSED = "*"  # its fingerprint: whatever it names now, a person has said another


class UnreadableLink(ValueError):
    """The bytes are no link of this release or the one before."""


class Open(NamedTuple):
    """An open item: why a person or a key is waited for.

    `keys` stands for what the record was last looked for by, `at` (epoch seconds).
    """

    reason: str
    keys: str
    at: float


class Link(msgspec.Struct, frozen=True):
    """One user's link; `taken` and `replay_until` are offsets of one source topic.

    Every event of the user at or below `taken` is settled or parked. At or below
    `replay_until` an event is there again because an operator asked for it, at or below
    `confirmed` a deactivation was confirmed by one. `marks` say when the user was
    deleted and merged, where either ever was. `create` is the place of the parked event
    for which a person wants a record to be made.
    """

    topic_ref: str = ""
    taken: int = -1
    replay_until: int = -1
    record_id: str | None = None
    versions: Mapping[str, Version] = {}
    fingerprints: Mapping[str, str] = {}
    marks: Mapping[str, Version] = {}
    open: Open | None = None
    confirmed: int = -1
    create: str = ""

    def but(self, **changes: Any) -> Link:
        """Return the link with other values of some fields; done for every event."""
        return structs.replace(self, **changes)

    def chosen(self, record_id: str) -> Link:
        """Return the link to a record that a person chose.

        What was sent to another record is unknown here. Where the hint was what the
        person was asked about, the one that is in the profile now asks no more.
        """
        asked = self.open is not None and self.open.reason == "hint_conflict"
        versions = {HINT: Version("", "", ""), **self.versions}
        return self.but(
            record_id=record_id,
            versions=versions if asked else self.versions,
            fingerprints={HINT: REFUSED} if asked else {},
            open=None,
        )

    def of_topic(self, topic_ref: str) -> Link:
        """Return the link as it holds for the source topic *topic_ref*.

        Offsets of another incarnation of the topic say nothing about this one.
        """
        if self.topic_ref == topic_ref:
            return self
        return self.but(topic_ref=topic_ref, taken=-1, replay_until=-1, confirmed=-1)


class _Wire(msgspec.Struct, omit_defaults=True, gc=False):
    """The record: a field's version is left out where it is the link's own."""

    format: int
    taken: int
    topic: str = ""
    replay_until: int = -1
    id: str | None = None
    confirmed: int = -1
    create: str = ""
    open: Open | None = None
    version: tuple[str, str, str, int] | None = None
    fields: dict[str, tuple[str | None] | tuple[str | None, Version]] = {}
    marks: Mapping[str, Version] = {}


class _Read(msgspec.Struct, gc=False):
    format: int
    taken: int
    topic: str = ""
    replay_until: int = -1
    id: str | None = None
    confirmed: int = -1
    create: str = ""
    open: Open | None = None
    version: Version | None = None
    fields: dict[str, list[str | Version | None]] = {}
    marks: dict[str, Version] = {}


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(_Read)


def encode(link: Link) -> bytes:
    """Return the link as one line of JSON that a person can read."""
    newest = max(link.versions.values(), default=None)
    fields: dict[str, tuple[str | None] | tuple[str | None, Version]] = {
        name: (link.fingerprints.get(name),)
        if version == newest
        else (link.fingerprints.get(name), version)
        for name, version in link.versions.items()
    }
    return _encoder.encode(
        _Wire(
            format=FORMAT,
            taken=link.taken,
            topic=link.topic_ref,
            replay_until=link.replay_until,
            id=link.record_id,
            confirmed=link.confirmed,
            create=link.create,
            open=link.open,
            version=newest,
            fields=fields,
            marks=link.marks,
        )
    )


def decode(raw: bytes) -> Link:
    """Return the link that `encode` wrote.

    Raises:
        UnreadableLink: The bytes are something else, or of a later format.
    """
    try:
        wire = _decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UnreadableLink(str(error)) from None
    if wire.format > FORMAT:
        raise UnreadableLink(f"format {wire.format} is of a later release")
    versions: dict[str, Version] = {}
    fingerprints: dict[str, str] = {}
    for name, written in wire.fields.items():
        match written:
            case [str() | None as fingerprint]:
                version = wire.version
            case [str() | None as fingerprint, Version() as own]:
                version = own
            case _:
                raise UnreadableLink("a field is no fingerprint with its version")
        if version is None:
            raise UnreadableLink("a field has no version")
        versions[name] = version
        if fingerprint is not None:
            fingerprints[name] = fingerprint
    return Link(
        wire.topic,
        wire.taken,
        wire.replay_until,
        wire.id,
        versions,
        fingerprints,
        wire.marks,
        wire.open,
        wire.confirmed,
        wire.create,
    )
