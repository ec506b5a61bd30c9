"""What one transaction of the ledger may hold, before it is written as bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from processors.delivery.lane import Entry, Waiting
from processors.delivery.link import Link
from processors.delivery.verdict import DeadClass, End


@dataclass(frozen=True, slots=True)
class Meta:
    """What is known of the partition as a whole: one record, `@meta`.

    `commands` is the offset of the last command that was carried out. `deactivations`
    counts those of the last hour, by stretches of five minutes since 1970, `calls` the
    calls by stretches of `calls_bucket_seconds`, where a budget asks for them.
    """

    topic_id: str = ""
    start: int = 0
    commands: int = -1
    paused: bool = False
    reason: str = ""
    since: str = ""
    deactivations: tuple[tuple[int, int], ...] = ()
    calls: tuple[tuple[int, int], ...] = ()
    calls_bucket_seconds: int = 1


@dataclass(frozen=True, slots=True)
class PutLink:
    """The user's link is this now."""

    user: bytes
    link: Link


@dataclass(frozen=True, slots=True)
class PutMeta:
    """The partition's own record is this now."""

    meta: Meta


@dataclass(frozen=True, slots=True)
class PutOwner:
    """The probe: whoever can write it has not been fenced."""


@dataclass(frozen=True, slots=True)
class Park:
    """The event waits in the retry topic, with this entry."""

    event: Waiting
    entry: Entry


@dataclass(frozen=True, slots=True)
class Unpark:
    """The event waits in the retry topic no more."""

    event: Waiting


@dataclass(frozen=True, slots=True)
class Letter:
    """The event's bytes as a dead letter or, for a held one, as the notice of it."""

    event: Waiting
    dead_class: DeadClass
    reason: str
    attempts: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the event ended."""

    event: Waiting
    end: End
    attempts: int
    replay: bool
    effort: Any = None  # what the driver knows of the attempt: calls, statuses, time


@dataclass(frozen=True, slots=True)
class Republish:
    """The event goes into the source topic again, under its right key."""

    event: Waiting


Record = PutLink | PutMeta | PutOwner | Park | Unpark | Letter | Outcome | Republish
Written = Literal["durable", "fenced", "unknown", "aborted"]
