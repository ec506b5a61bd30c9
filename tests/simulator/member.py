"""One worker as a member of the group: joins, sends heartbeats, gives way, leaves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from processors.group.membership import Membership
from tests.simulator.broker import WAY_SECONDS, Broker
from tests.simulator.clock import Clock, Process
from tests.simulator.group import (
    HEARTBEAT_SECONDS,
    REBALANCE_SECONDS,
    SESSION_SECONDS,
    Beat,
    Group,
    Joined,
)


class Serves(Protocol):
    """Who has the partitions of a member."""

    def assigned(self, joined: Joined) -> None:
        """Own the partitions of a generation."""

    def revoke(self, given: Callable[[], None], *, lost: bool) -> None:
        """Give all away, and say when that is done."""


@dataclass
class Member:
    """Named *name* in the group; *life* tells one process from its predecessor."""

    name: str
    process: Process
    clock: Clock
    broker: Broker
    group: Group
    serves: Serves
    membership: Membership = field(init=False)
    stopping: bool = False
    _life: str = ""
    _joined: Joined | None = None
    _revoking: bool = False
    _joining: bool = False

    def __post_init__(self) -> None:
        self._life = self.process.name
        self.membership = Membership(
            SESSION_SECONDS, REBALANCE_SECONDS, clock=lambda: self.clock.now
        )

    def join(self) -> None:
        """Ask to be a member; the answer comes when all have asked."""
        if self.stopping:
            self._leave()
            return
        self._joining = True

        def reply(joined: Joined | None) -> None:
            self.process.after(WAY_SECONDS, lambda: self._taken_in(joined))

        def ask() -> None:
            self.group.join(self.name, self._life, reply)

        self.broker.ask(self.process, "group", ask, lambda _: None)

    def _taken_in(self, joined: Joined | None) -> None:
        self._joining = False
        if joined is None or self.stopping:
            self.join()
            return
        self._joined = joined
        self.membership.joined(joined.generation, joined.at)
        self.serves.assigned(joined)
        self._beat(joined.generation)

    # ---- heartbeats

    def _beat(self, generation: int) -> None:
        if self.membership.generation != generation:
            return
        sent_at = self.clock.now

        def beat() -> Beat:
            return self.group.beat(self.name, self._life, generation)

        def heard(answer: Beat) -> None:
            if self.membership.generation == generation:
                self._heard(answer, sent_at)

        self.broker.ask(self.process, "group", beat, heard)
        self.process.after(HEARTBEAT_SECONDS, lambda: self._beat(generation))

    def _heard(self, answer: Beat, sent_at: float) -> None:
        if answer == "unknown":
            self.membership.lost()
            self._revoke(lost=True)
            return
        rebalancing = answer == "rebalancing"
        self.membership.confirmed(sent_at, rebalancing=rebalancing)
        if rebalancing:
            self._revoke(lost=False)

    def _revoke(self, *, lost: bool) -> None:
        if not self._revoking and not self._joining:
            self._revoking = True
            self.serves.revoke(self._given, lost=lost)

    def _given(self) -> None:
        self._revoking = False
        self.join()

    # ---- the end

    def stop(self) -> None:
        """Give everything away and leave (SIGTERM)."""
        self.stopping = True
        if self._joined is None:
            self._leave()
        elif not self._joining:
            self._revoke(lost=not self.membership.is_member)

    def _leave(self) -> None:
        """Leave the group and end; a static member leaves its place as it is."""
        if self.name == self._life:
            self.broker.ask(self.process, "group", self._go, lambda _: None)
        self.process.after(5 * WAY_SECONDS, self.process.kill)

    def _go(self) -> None:
        self.group.leave(self.name, self._life)

    def commit(self, offsets: Mapping[int, int]) -> Callable[[], bool]:
        """Return what stores *offsets* at the broker, if it still knows us then."""
        generation = self._joined.generation if self._joined else -1
        return lambda: self.group.commit(self.name, self._life, generation, offsets)
