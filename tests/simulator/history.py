"""What is known of every event from outside: where it is, and what became of it.

Kept by the doubles of Kafka and of the destination, not by the core.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from processors.correlation.reading import Item
from processors.delivery.lane import Entry, Waiting
from processors.delivery.verdict import OutcomeName
from tests.simulator.notes import Broken

BEFORE = "before the start"


class Ended(NamedTuple):
    """One outcome record."""

    outcome: OutcomeName
    replay: bool
    at: float


@dataclass(slots=True, eq=False)
class Source:
    """One message of the source topic.

    `gone` says why nobody has to take it any more. What a rewind brings again is not
    `settled` any more and has had no `effect`; `attempted` says that it ever had one.
    """

    topic_ref: str
    partition: int
    offset: int
    lane: bytes
    arrived_at: float
    item: Item | None  # None: no attempt is made of it
    settled: bool = False
    parked: Entry | None = None
    gone: str = ""
    effect: bool = False
    attempted: bool = False
    troubled: bool = False  # an attempt of it failed, or a person must decide
    outcomes: list[Ended] = field(default_factory=list)

    @property
    def is_done(self) -> bool:
        """Whether it may lie below the committed offset."""
        return self.settled or self.parked is not None or bool(self.gone)

    def __str__(self) -> str:
        return f"{self.lane!r} {self.topic_ref}/{self.partition}/{self.offset}"


class History:
    """All events of a run, each in its lane and in the order of the log."""

    def __init__(self) -> None:
        self.topic_ref = ""
        self.former: set[str] = set()  # topics that were deleted
        self.lanes: dict[tuple[int, bytes], list[Source]] = {}
        self.skips: set[Source] = set()  # what operators have ordered to be ended
        self.rewinds: dict[int, int] = {}  # asked for, by partition, not yet served
        self.set_back: set[int] = set()  # partitions that ever were, of this topic
        self.ever_set_back: set[int] = set()
        self._lost: dict[tuple[int, bytes], str] = {}
        self._unlinked: set[tuple[int, bytes]] = set()
        self._by_place: dict[tuple[str, int, int], Source] = {}

    def __iter__(self) -> Iterator[Source]:
        return iter(self._by_place.values())

    def add(self, source: Source) -> None:
        """Take in a message that was appended to the source topic."""
        place = source.topic_ref, source.partition, source.offset
        self._by_place[place] = source
        self.lanes.setdefault((source.partition, source.lane), []).append(source)

    def of(self, partition: int, event: Waiting) -> Source:
        """Return what is known of *event*."""
        return self._by_place[event.topic_ref, partition, event.offset]

    def at(self, partition: int, offset: int) -> Source | None:
        """Return the message of the present topic at *offset*, if there is one."""
        return self._by_place.get((self.topic_ref, partition, offset))

    def in_partition(self, partition: int) -> list[Source]:
        """Return the messages of the present topic in one partition."""
        return [
            source
            for (number, _), lane in self.lanes.items()
            if number == partition
            for source in lane
            if source.topic_ref == self.topic_ref
        ]

    def newest(self, partition: int, user: bytes, name: str) -> Source | None:
        """Return the newest event that carries a field, if it is of this topic."""
        found = [
            (source.item.change.version, number, source)
            for number, source in enumerate(self.lanes.get((partition, user), ()))
            if source.item is not None and name in source.item.change.fields
        ]
        newest = max(found, default=None)
        if newest is None or newest[2].topic_ref != self.topic_ref:
            return None
        return newest[2]

    # ---- what operators do

    def loses(self, partition: int, lane: bytes) -> None:
        """The destination loses fields of a user; events that run again bring them."""
        self._lost[partition, lane] = self.topic_ref

    def unlinked(self, partition: int, lane: bytes) -> None:
        """Somebody says that the user's record is another's: nothing brings it back."""
        self._unlinked.add((partition, lane))

    def is_lost(self, partition: int, lane: bytes) -> bool:
        """Whether they cannot be brought again: no record, or their topic is gone."""
        topic_ref = self._lost.get((partition, lane), self.topic_ref)
        return topic_ref != self.topic_ref or (partition, lane) in self._unlinked

    def starts(self, partition: int, start: int) -> None:
        """A destination begins at *start*: what is before it is nobody's."""
        for source in self.in_partition(partition):
            if source.offset < start and not source.is_done:
                source.gone = BEFORE

    def reset(self, partition: int, before: int, offset: int) -> None:
        """The group's offset was set from *before* to *offset*."""
        for source in self.in_partition(partition):
            if source.offset >= offset:
                source.settled = source.effect = False
                source.gone = ""
            elif source.offset >= before and not source.is_done:
                source.gone = "jumped over"
        self.rewinds[partition] = offset
        self.set_back.add(partition)
        self.ever_set_back.add(partition)

    def recreated(self, topic_ref: str) -> None:
        """The topic is another one now; what was not taken of the old one is gone."""
        for source in self:
            if not source.is_done:
                source.gone = "of a topic that was deleted"
        self.former.add(self.topic_ref)
        self.topic_ref = topic_ref
        self.rewinds.clear()
        self.set_back.clear()

    # ---- what is checked at once

    def effect(self, lane: list[Source], events: list[Source]) -> None:
        """A call for *events* takes effect at the destination.

        Raises:
            Broken: S2: an earlier event of the user has not ended, or one of these has:
                then a newer call may have come before.
        """
        known = set(map(id, events))
        last = lane.index(events[-1])
        for source in lane[: last + 1]:
            if id(source) not in known:
                if not source.settled and not source.gone:
                    raise Broken(f"S2: effect of {events[-1]} before {source} ended")
            elif source.settled:
                raise Broken(f"S2: a late effect: {source} has ended")
            else:
                source.effect = source.attempted = True

    def acked(self, partition: int, offset: int) -> None:
        """A worker acks *offset*, or the group commits beyond it.

        Raises:
            Broken: I2: the event has not ended and is not parked.
        """
        source = self.at(partition, offset)
        if source is not None and not source.is_done:
            raise Broken(f"I2: {source} is acked, but neither settled nor parked")
