"""The consumer group's double: who is a member, and who owns which partitions.

Eager, as Faust's: for a rebalance every member gives all its partitions away.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Literal, NamedTuple

from tests.simulator.broker import Broker
from tests.simulator.clock import Clock
from tests.simulator.notes import Notes
from tests.simulator.plan import PARTITIONS

SESSION_SECONDS, REBALANCE_SECONDS, HEARTBEAT_SECONDS = 20.0, 60.0, 3.0
LOOK_SECONDS = 1.0

Beat = Literal["ok", "rebalancing", "unknown"]


class Joined(NamedTuple):
    """A member's place in a generation."""

    generation: int
    partitions: tuple[int, ...]
    at: float


Reply = Callable[[Joined | None], None]


@dataclass(slots=True)
class _Member:
    id: str
    heard_at: float
    joined: Joined | None = None
    reply: Reply | None = None  # it waits for the others


@dataclass
class Group:
    """The coordinator. A member is named by *name*, and by *id* in one life of it."""

    clock: Clock
    random: Random
    broker: Broker
    notes: Notes
    generation: int = 0
    _members: dict[str, _Member] = field(default_factory=dict)
    _deadline: float | None = None  # of a rebalance
    _owners: dict[int, str] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether it has no member."""
        return not self._members

    def look(self) -> None:
        """Drop who has been silent for too long; again and again."""
        now, stalled_until = self.clock.now, self.broker.stalled_until
        for name, member in list(self._members.items()):
            # A broker that was stalled has heard nobody, and begins to count anew.
            silent = now - max(member.heard_at, stalled_until)
            waits = member.reply is not None
            late = self._deadline is not None and now > self._deadline
            if not waits and (late or silent > SESSION_SECONDS) and stalled_until < now:
                self.notes("member dropped", worker=name, late=late)
                del self._members[name]
                self._begin()
        self._complete_if_all()
        self.clock.after(LOOK_SECONDS, self.look)

    def _begin(self) -> None:
        """Begin a rebalance, unless one is under way."""
        if self._deadline is None:
            self._deadline = self.clock.now + REBALANCE_SECONDS

    # ---- requests

    def join(self, name: str, life: str, reply: Reply) -> None:
        """Take a member in; *reply* comes when all have joined."""
        member = self._members.get(name)
        if member is not None and member.id != life and self._deadline is None:
            # A static member that was started again takes its own place at once.
            member.id, member.heard_at = life, self.clock.now
            self.notes("static member back", worker=name)
            place = member.joined
            reply(place and place._replace(at=self.clock.now))
            return
        self._members[name] = _Member(life, self.clock.now, None, reply)
        self._begin()
        self._complete_if_all()

    def leave(self, name: str, life: str) -> None:
        """Let a member go in order."""
        member = self._members.get(name)
        if member is not None and member.id == life:
            del self._members[name]
            self._begin()
            self._complete_if_all()

    def beat(self, name: str, life: str, generation: int) -> Beat:
        """Hear a member."""
        member = self._known(name, life, generation)
        if member is None:
            return "unknown"
        member.heard_at = self.clock.now
        return "ok" if self._deadline is None else "rebalancing"

    def commit(
        self, name: str, life: str, generation: int, offsets: Mapping[int, int]
    ) -> bool:
        """Store offsets of a member of the present generation."""
        member = self._known(name, life, generation)
        if member is None or member.joined is None:
            return False
        for partition, offset in offsets.items():
            if partition in member.joined.partitions:
                self.broker.commit(partition, offset)
        return True

    def _known(self, name: str, life: str, generation: int) -> _Member | None:
        member = self._members.get(name)
        if member is None or member.id != life or generation != self.generation:
            return None
        return member

    # ---- rebalances

    def _complete_if_all(self) -> None:
        waits = [member.reply is not None for member in self._members.values()]
        if self._deadline is not None and all(waits):
            self._complete()

    def _complete(self) -> None:
        self._deadline = None
        self.generation += 1
        shares = self._shares(list(self._members))
        for name, member in self._members.items():
            now = self.clock.now
            member.joined = Joined(self.generation, tuple(shares[name]), now)
            member.heard_at = now
            reply, member.reply = member.reply, None
            if reply is not None:
                reply(member.joined)
        self.notes("rebalance", generation=self.generation, shares=shares)

    def _shares(self, names: list[str]) -> dict[str, list[int]]:
        """Divide the partitions evenly; most stay where they were."""
        shares: dict[str, list[int]] = {name: [] for name in names}
        if not names:
            return shares
        most = -(-PARTITIONS // len(names))
        left = []
        for partition in range(PARTITIONS):
            owner = self._owners.get(partition, "")
            stays = owner in shares and self.random.random() < 0.8
            if stays and len(shares[owner]) < most:
                shares[owner].append(partition)
            else:
                left.append(partition)
        for partition in left:
            least = min(names, key=lambda name: (len(shares[name]), name))
            shares[least].append(partition)
        self._owners = {p: name for name, owned in shares.items() for p in owned}
        return shares
