"""One worker's consumer: fetches, hands over, and commits what is acked."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from processors.group.unacked import Unacked
from tests.simulator.broker import Broker
from tests.simulator.clock import Process
from tests.simulator.notes import Broken
from tests.simulator.partitions import Partitions
from tests.simulator.topic import Stored

Done = Callable[[], None]
Commit = Callable[[Mapping[int, int]], Callable[[], bool]]


@dataclass
class Consumer:
    """Reads the owned partitions from where the group is.

    Nothing is committed before the first ack: it would hide from who loads the
    partition that an operator has set it back.
    `commit` returns what stores offsets, to be carried out at the broker.
    """

    process: Process
    broker: Broker
    partitions: Partitions
    fetch_max: int
    commit: Commit
    _positions: dict[int, int] = field(default_factory=dict)
    _in_hand: dict[int, Unacked] = field(default_factory=dict)
    _messages: dict[int, deque[Stored]] = field(default_factory=dict)
    _stored: dict[int, int] = field(default_factory=dict)
    _acked: set[int] = field(default_factory=set)
    _fetched: deque[tuple[int, Stored]] = field(default_factory=deque)
    _fetching: set[int] = field(default_factory=set)
    _behind: set[int] = field(default_factory=set)  # partitions with more to read
    _generation: int = 0
    _committing: bool = False
    _after_commit: Done | None = None
    _handing: bool = False

    def assigned(self, partitions: Collection[int]) -> None:
        """Begin to read *partitions* where the group is."""
        self._forget()
        generation, broker = self._generation, self.broker

        def positions() -> dict[int, int]:
            return {number: broker.position(number) for number in partitions}

        def begin(found: dict[int, int]) -> None:
            if generation == self._generation:
                self._positions, self._behind = found, set(found)
                self.room()

        broker.ask(self.process, "fetch", positions, begin)

    def revoked(self) -> None:
        """Hand over no more."""
        self._generation += 1
        self._positions.clear()
        self._behind.clear()
        self._fetched.clear()

    def _forget(self) -> None:
        self.revoked()
        self._in_hand, self._messages, self._stored = {}, {}, {}
        self._fetching, self._acked = set(), set()

    # ---- messages

    def appended(self, partition: int) -> None:
        """Look for new messages in *partition*."""
        if partition in self._positions:
            self._behind.add(partition)
            if not self._fetched:
                self._fetch(partition)

    def _fetch(self, partition: int) -> None:
        position = self._positions[partition]
        if position >= self.broker.topic.end(partition):
            self._behind.discard(partition)
            return
        if partition in self._fetching or self.partitions.holds_back(partition):
            return
        self._fetching.add(partition)
        generation, topic = self._generation, self.broker.topic

        def read() -> list[Stored]:
            return topic.read(partition, position, self.fetch_max)

        def take(found: list[Stored]) -> None:
            if generation == self._generation:
                self._take(partition, found)

        self.broker.ask(self.process, "fetch", read, take)

    def _take(self, partition: int, found: list[Stored]) -> None:
        self._fetching.discard(partition)
        if found:
            self._positions[partition] = found[-1].offset + 1
            self._fetched.extend((partition, stored) for stored in found)
        self.room()

    def room(self) -> None:
        """Hand over what is fetched while there is room, and fetch more."""
        if self._handing:
            return
        self._handing = True
        try:
            while self._fetched and not self.partitions.is_full:
                partition, stored = self._fetched.popleft()
                self._messages.setdefault(partition, deque()).append(stored)
                in_hand = self._in_hand.setdefault(partition, Unacked())
                in_hand.add(stored.offset, stored)
                self.partitions.take(partition, stored)
        finally:
            self._handing = False
        if not self._fetched:
            for partition in sorted(self._behind):
                self._fetch(partition)

    def ack(self, partition: int, offset: int) -> None:
        """Note that a message has ended.

        Raises:
            Broken: ORDERED ACK: an earlier one has not.
        """
        stored = self._messages[partition].popleft()
        if stored.offset != offset:
            raise Broken(f"ACK: {offset} of {partition} before {stored.offset}")
        self._in_hand[partition].end(offset, stored)
        self._acked.add(partition)

    # ---- commits

    def commit_acked(self, done: Done | None = None) -> None:
        """Ask the group to store how far each partition is; one request at a time."""
        if self._committing:
            self._after_commit = done or self._after_commit
            return
        offsets = {
            number: offset
            for number, in_hand in self._in_hand.items()
            if number in self._acked
            and (offset := in_hand.committable) is not None
            and offset > self._stored.get(number, -1)
        }
        if offsets:
            self._committing = True
            work = self.commit(offsets)
            self.broker.ask(
                self.process, "group", work, lambda stored: self._told(offsets, stored)
            )
            self._after_commit = done
        elif done is not None:
            done()

    def _told(self, offsets: Mapping[int, int], stored: object) -> None:
        self._committing = False
        if stored:
            self._stored.update(offsets)
        done, self._after_commit = self._after_commit, None
        if done is not None and stored:
            self.commit_acked(done)  # what was acked meanwhile
        elif done is not None:
            done()
