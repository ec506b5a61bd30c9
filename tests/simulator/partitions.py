"""The partitions of one worker, as `processors.partitions` has them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from processors.delivery.partition import Partition
from processors.ledger.decode import arrived
from tests.simulator.broker import origin_of
from tests.simulator.clock import Process
from tests.simulator.owned import Owned
from tests.simulator.plan import Plan
from tests.simulator.tools import Tools
from tests.simulator.topic import Stored

LEASE_SECONDS = 0.2
DRAIN_SECONDS_MAX = 15.0


@dataclass
class Partitions:
    """Shares the worker's calls among its partitions, in turn.

    `room` is told when another message may be taken.
    """

    process: Process
    plan: Plan
    topic_id: str
    may_call: Callable[[], bool]
    room: Callable[[], None]
    owned: dict[int, Owned] = field(default_factory=dict)
    tools: Tools = field(init=False)
    calls: int = 0
    _kept: dict[int, Owned] = field(default_factory=dict)
    _turn: deque[Owned] = field(default_factory=deque)
    _given: Callable[[], None] | None = None  # told when all is given away
    _giving: int = 0
    _kicking: bool = False
    _probing: bool = False
    _backlog: bool = False  # whether its turn is now
    _look_at: float | None = None

    # ---- messages

    def take(self, partition: int, stored: Stored) -> None:
        """Take a message that Kafka delivered."""
        owned, broker = self.owned[partition], self.tools.broker
        origin = origin_of(partition, stored)
        own = broker.placing.is_right(origin)
        owned.take(arrived(origin, owned.core.topic_ref, own=own))

    @property
    def is_full(self) -> bool:
        """Whether the worker must not take one more message."""
        events = sum(owned.core.intake.memory.events for owned in self.owned.values())
        return events >= self.plan.events_max

    def holds_back(self, partition: int) -> bool:
        """Whether no more of *partition* shall be fetched for now."""
        owned = self.owned[partition]
        full = owned.core.full
        if full:
            self.tools.notes("partition at its bound", partition=partition)
            if owned.core.make_room(self.tools.clock.now):
                self.tools.notes("room made", partition=partition)
                owned.step()
        return full

    # ---- assignment

    def assigned(self, partitions: Collection[int]) -> None:
        """Own *partitions* and no others; what came back is kept if still ours."""
        kept, self._kept = self._kept, {}
        for number in sorted(partitions):
            if number in kept:
                self.tools.notes("kept partition back", partition=number)
                self.owned[number] = kept[number]
            else:
                rules = self.plan.delivery
                core = Partition(number, self.topic_id, rules)
                self.owned[number] = Owned(core, self.tools)
        self._turn = deque(self.owned.values())
        for owned in list(self.owned.values()):
            owned.assigned()

    def revoke(self, given: Callable[[], None], *, lost: bool) -> None:
        """Give all partitions away: drained and written, or dropped where *lost*."""
        self._given = given
        self._giving += 1
        turn = self._giving
        for owned in list(self.owned.values()):
            owned.lost() if lost else owned.drain()
        self.process.after(DRAIN_SECONDS_MAX, lambda: self._too_late(turn))
        self.closed()

    def closed(self) -> None:
        """One partition has nothing left to write; go on when all have."""
        if self._given is not None and all(o.closed for o in self.owned.values()):
            self._finish()

    def _too_late(self, turn: int) -> None:
        if self._given is None or turn != self._giving:
            return
        for owned in list(self.owned.values()):
            if not owned.closed:
                self.tools.notes("drain too late", partition=owned.core.number)
                owned.lost()
        if self._given is not None:
            self._finish()

    def _finish(self) -> None:
        given, self._given = self._given, None
        for number, owned in self.owned.items():
            if owned.core.state == "kept":
                self._kept[number] = owned
        self.owned, self._turn = {}, deque()
        assert given is not None
        given()

    # ---- calls

    def changed(self) -> None:
        """Start what can be started now."""
        if self._kicking:
            return  # starting one changes things, too
        self._kicking = True
        try:
            self._start_all()
        finally:
            self._kicking = False
        self.room()

    def _start_all(self) -> None:
        if not any(owned.core.lanes.has_ready for owned in self.owned.values()):
            return
        if not self.may_call():
            self._later(LEASE_SECONDS)
            return
        opens_at = self.tools.attempts.gate.opens_at
        for owned in self.owned.values():
            owned.core.reachable = opens_at is None
        if opens_at is not None:
            wait = opens_at - self.tools.clock.now
            if wait > 0:
                self._later(wait)
            elif not self._probing:
                self._probing = self._start_one()
            return
        while self.calls < self.plan.calls_max and self._start_one():
            pass

    def _start_one(self) -> bool:
        """Start one attempt of the partition whose turn it is; False: there is none."""
        for _ in range(len(self._turn)):
            owned = self._turn[0]
            self._turn.rotate(-1)
            self._backlog = not self._backlog
            if owned.core.lanes.has_ready and owned.start(backlog=self._backlog):
                self.calls += 1
                return True
        return False

    def ended_call(self) -> None:
        """Note that an attempt has ended."""
        self.calls -= 1
        self._probing = False

    def _later(self, seconds: float) -> None:
        at = self.tools.clock.now + seconds
        if self._look_at is None or self._look_at > at:
            self._look_at = at
            self.process.after(seconds, self._look)

    def _look(self) -> None:
        self._look_at = None
        self.changed()
