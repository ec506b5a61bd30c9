"""Builds what the delivery rules work with, and drives one partition by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from processors.delivery.bounds import Bounds
from processors.delivery.guard import Change
from processors.delivery.lane import Entry, Waiting
from processors.delivery.lanes import Attempt, Rules
from processors.delivery.link import Link
from processors.delivery.partition import Loaded, Partition
from processors.delivery.records import Meta, Record, Written
from processors.delivery.retry import RetryPolicy
from processors.delivery.verdict import End, Settled, Verdict
from processors.delivery.version import Version

TOPIC = "topic-id-of-the-log"
REF = TOPIC[:8]
ANN, BOB = b"ann", b"bob"
APPLIED = End("applied", "updated", "42", ("email",))


def version(rank: int) -> Version:
    """Return the version of the event that is *rank*th in time."""
    return Version(f"2025-01-01T00:00:{rank:02}Z", "", f"e{rank}")


def change(offset: int, rank: int | None = None, **fields: str | None) -> Change:
    """Return what an event carries; its rank in time is its offset's, unless given."""
    return Change(offset, version(offset if rank is None else rank), fields)


def an_event(offset: int, user: bytes = ANN, **more: Any) -> Waiting:
    """Return an event that carries the field `A`; *more* replaces what is given."""
    known: dict[str, Any] = {
        "event_type": "user.updated",
        "change": change(offset, A=f"v{offset}"),
        "body": f"body {offset}",
    }
    return Waiting(user, REF, offset, 100, **(known | more))


def parked(offset: int, user: bytes = ANN, **entry: Any) -> Waiting:
    """Return an event that waits in the retry topic, as it is after a load."""
    return an_event(offset, user, change=None, body=None, entry=Entry(**entry))


def rules(*waits_seconds: float, held: str = "", **bounds: Any) -> Rules:
    """Return rules with these waits, 1 s and 5 s unless given."""
    held_types = frozenset({held}) if held else frozenset[str]()
    policy = RetryPolicy(waits_seconds or (1.0, 5.0))
    return Rules(Bounds(**bounds), policy, held_types)


def nothing(**known: Any) -> Loaded:
    """Return what is loaded of a partition of which nothing is known yet."""
    empty: dict[str, Any] = {
        "links": {},
        "parked": (),
        "meta": Meta(TOPIC),
        "committed": 0,
        "marked": True,
        "start": 0,
    }
    return Loaded(**(empty | known))


class Owner:
    """Drives one partition as its only owner; writes succeed at once when asked."""

    def __init__(self, found: Rules | None = None) -> None:
        self.now = 100.0
        self.core = Partition(7, TOPIC, found or rules())
        self.written: list[Record] = []

    def serve(self, loaded: Loaded | None = None) -> Owner:
        """Bring the partition from being assigned to being served."""
        self.core.assigned()
        self.core.opened()
        self.core.loaded(loaded or nothing())
        self.write()
        self.core.committed()
        self.write()
        assert self.core.state == "active"
        self.written.clear()
        return self

    def write(self, result: Written = "durable") -> list[Record]:
        """Write all that is to be written, and return the records."""
        written: list[Record] = []
        while self.core.want() == "write":
            batch = self.core.batch()
            written.extend(batch.records)
            self.core.written(batch, result, self.now)
            if result != "durable":
                break
        self.written.extend(written)
        return written

    def arrive(self, *events: Waiting) -> None:
        """Deliver messages."""
        for event in events:
            self.core.arrive(event, self.now)

    def start(self) -> Attempt:
        """Start the next attempt, with the bodies that it needs."""
        attempt = self.core.start()
        assert attempt is not None
        fetch(attempt.events)
        return attempt

    def end(self, attempt: Attempt, verdict: Verdict | None = None) -> None:
        """End *attempt*, by default with every event applied."""
        verdict = verdict or settled(attempt)
        self.core.ended(attempt, verdict, self.now, 0.5)

    def attempt(self, verdict: Verdict | None = None) -> list[Record]:
        """Make the next attempt, and return what was written because of it."""
        self.end(self.start(), verdict)
        return self.write()


def settled(attempt: Attempt, link: Link | None = None) -> Settled:
    """Return the verdict that applies every event of *attempt*."""
    return Settled((APPLIED,) * len(attempt.events), link or attempt.link)


def fetch(events: Sequence[Waiting]) -> None:
    """Give parked events back what is not kept in memory."""
    for event in events:
        if event.body is None:
            event.body = f"body {event.offset}"
            event.change = change(event.offset, A=f"v{event.offset}")
