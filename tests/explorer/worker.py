"""A worker's process: the real core, and what it has in flight."""

from __future__ import annotations

from processors.delivery import guard
from processors.delivery.lanes import Attempt
from processors.delivery.partition import Batch, Partition
from processors.delivery.verdict import End, Settled, Verdict
from tests.explorer.promises import promise
from tests.explorer.scenario import TOPIC
from tests.explorer.world import World, plan


class Worker:
    """Drives one `Partition` as the product's driver does, one step at a time."""

    def __init__(self, world: World) -> None:
        self.core = Partition(0, TOPIC, world.scenario.rules)
        self.producer = -1  # whom the ledger takes it for
        self.position = 0  # of the next message
        self.acked = 0  # what the group may have been told
        self.next_command = 0
        self.attempt: Attempt | None = None
        self.sends: dict[str, str] = {}  # what the call in flight sends
        self.batch: Batch | None = None
        self.landed = False  # whether a frozen worker's transaction is durable

    def assigned(self, world: World) -> None:
        """Begin to own the partition, and to read where the group left off."""
        self.core.assigned()
        start = world.meta.start if world.meta else 0
        self.position = start if world.committed is None else world.committed
        self.acked = self.position
        self.read_commands(world)

    def read_commands(self, world: World) -> None:
        """Read the commands after the last one that was carried out."""
        self.next_command = world.meta.commands + 1 if world.meta else 0

    def tidy(self, world: World) -> None:
        """Do at once what changes nothing outside: release, and fetch for a command."""
        released = self.core.release()
        if released:
            promise(released[0] >= self.acked, "acks never go back")
            self.acked = released[-1] + 1
            world.check_loss(self.acked)
        missing = self.core.commands.missing(self.core.lanes)
        if missing is not None and self.core.state == "active":
            world.fetch(missing)
            self.core.filled(world.clock)

    def start(self, world: World) -> None:
        """Start an attempt; where there is nothing to send it ends at once."""
        attempt = self.core.start()
        promise(attempt is not None, "a lane that is ready can be attempted")
        assert attempt is not None
        promise(self.attempt is None, "one call at a time for a user")
        world.check_attempt(attempt.events)
        for event in attempt.events:
            world.fetch(event)
        planned = plan(attempt.link, attempt.events)
        self.attempt = attempt
        self.sends = {
            name: value
            for name in planned.send
            if (value := planned.winners[name].fields[name]) is not None
        }
        if not self.sends:
            self.ended(world, self.success())

    def success(self) -> Settled:
        """Return the verdict of a call that was answered."""
        assert self.attempt is not None
        planned = plan(self.attempt.link, self.attempt.events)
        winners = {change.offset for change in planned.winners.values()}
        ends = tuple(
            End("applied" if event.offset in winners else "unchanged")
            for event in self.attempt.events
        )
        return Settled(ends, guard.confirmed(self.attempt.link, planned))

    def losers(self) -> frozenset[int]:
        """Return the events of the attempt that would set no field."""
        assert self.attempt is not None
        planned = plan(self.attempt.link, self.attempt.events)
        winners = {change.offset for change in planned.winners.values()}
        return frozenset(e.offset for e in self.attempt.events) - winners

    def ended(self, world: World, verdict: Verdict) -> None:
        """Tell the core how its attempt ended."""
        attempt, self.attempt, self.sends = self.attempt, None, {}
        assert attempt is not None
        self.core.ended(attempt, verdict, world.clock, 0.5)
