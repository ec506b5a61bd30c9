"""The partitions that this worker owns, and the calls that it makes for them."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Collection, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol

import structlog

from processors.calls import Calls, Lease
from processors.delivery.commands import Command
from processors.delivery.lanes import Rules
from processors.delivery.partition import Partition
from processors.group.hooks import Arrived
from processors.ledger.decode import arrived
from processors.ledger.origin import Origin
from processors.ledger.placing import Placing
from processors.partition import Owned
from processors.rest.gate import Gate
from processors.tools import Tools
from processors.urgent import Urgent

log = structlog.get_logger()
ENDS_SECONDS = 0.1
# While the gate is closed, so much of what may be in memory is: the log is a safer
# place to wait, and when the gate opens there is enough to begin with.
CLOSED_PART = 0.2


@dataclass(frozen=True, slots=True)
class WorkerBounds:
    """What one worker may hold in all its partitions together."""

    events_max: int
    bytes_max: int
    drain_seconds_max: float


class Flow(Protocol):
    """Holds single partitions back at the broker."""

    def pause_partition(self, partition: int) -> None:
        """Fetch no more of *partition*."""

    def resume_partition(self, partition: int) -> None:
        """Fetch *partition* again."""

    def ends_read(self) -> dict[int, float]:
        """Return when each partition that is not behind was seen to end there."""


class Partitions:
    """Holds what the worker owns: gives it messages, takes it away, makes room."""

    def __init__(
        self,
        topic_id: str,
        rules: Rules,
        bounds: WorkerBounds,
        gate: Gate,
        placing: Placing,
    ) -> None:
        self._topic_id = topic_id
        self._rules = rules
        self._bounds = bounds
        self._gate = gate
        self._placing = placing
        self._owned: dict[int, Owned] = {}
        self._kept: dict[int, Owned] = {}
        self.urgent = Urgent(self.spawn)
        self._calls = Calls(gate, self.changed, self.urgent.run)
        self._paused: set[int] = set()
        self._room = asyncio.Event()
        self._closed = asyncio.Event()
        self._group: asyncio.TaskGroup | None = None
        self._look: asyncio.Handle | None = None
        self._ends: dict[int, float] = {}
        self._ends_at = -math.inf
        self._assigned_once = False
        self._tools: Tools
        self._flow: Flow

    def wire(self, tools: Tools, lease: Lease, flow: Flow) -> None:
        """Give it the parts that need it themselves; call before `run`."""
        self._tools, self._flow = tools, flow
        self._calls.wire(tools.attempts.budget, lease)

    async def run(self) -> None:
        """Own all tasks until `close`; raises what one of them raised."""
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                await self._closed.wait()
        finally:
            self._group = None

    def close(self) -> None:
        """End `run`; call when nothing is owned any more."""
        self._closed.set()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run *work* as a task that `run` owns; nothing begins after its end."""
        if self._group is None:
            work.close()
        else:
            self._group.create_task(work)

    def cores(self) -> list[Partition]:
        """Return the state machines of the owned partitions."""
        return [owned.core for owned in self._owned.values()]

    def trouble(self) -> str | None:
        """Say why the worker is not ready, None when it is."""
        if not self._assigned_once:
            return "not yet assigned"
        for owned in self._owned.values():
            if owned.stopped:
                return f"partition {owned.core.number} stopped: {owned.stopped}"
        if self._owned and self._tools.attempts.budget.empty:
            return "too many workers: this one's share of [limits] is less than a call"
        waiting = sum(core.state != "active" for core in self.cores())
        return f"{waiting} partitions are not served yet" if waiting else None

    def excused(self) -> list[int]:
        """Return the partitions that wait for something that is not their fault."""
        waits = self._gate.opens_at is not None or self._calls.wait_for_budget
        return [
            owned.core.number
            for owned in self._owned.values()
            if waits or owned.stopped or owned.core.durable.meta.paused
        ]

    def pauses(self) -> str | None:
        """Say how many partitions an operator has paused, None without any."""
        metas = [core.durable.meta for core in self.cores()]
        paused = [meta for meta in metas if meta.paused]
        return f"{len(paused)} partitions: {paused[0].reason}" if paused else None

    # ---- messages

    def take(self, message: Arrived) -> None:
        """Take a message that Kafka delivered."""
        owned = self._owned.get(message.partition)
        if owned is None:
            message.give_back()
            return
        origin = Origin(
            self._placing.topic,
            message.partition,
            message.offset,
            message.key,
            message.value,
            message.timestamp_seconds,
            message.headers,
        )
        own = self._placing.is_right(origin)
        event = arrived(origin, owned.core.topic_ref, own=own)
        owned.take(event, message.ack, message.give_back)
        self._hold_back(owned)

    def order(self, partition: int, command: Command) -> None:
        """Take an operator's command."""
        if partition in self._owned:
            self._owned[partition].order(command)

    def orders_waiting(self) -> int:
        """Return how many commands are not carried out yet, where any can be."""
        owned = [owned for owned in self._owned.values() if not owned.stopped]
        return sum(len(one.core.commands) for one in owned)

    async def room(self) -> None:
        """Return once the worker has room for one more message."""
        self.urgent.run()
        while self._is_full():
            self._room.clear()
            await self._room.wait()

    def _is_full(self) -> bool:
        events = size_bytes = 0
        for owned in self._owned.values():  # asked for every message
            memory = owned.core.intake.memory
            events += memory.events
            size_bytes += memory.size_bytes
        part = 1.0 if self._gate.opens_at is None else CLOSED_PART
        return (
            events >= part * self._bounds.events_max
            or size_bytes >= part * self._bounds.bytes_max
        )

    def _hold_back(self, owned: Owned) -> None:
        """Pause a partition at its own bound; the others go on."""
        number, full = owned.core.number, owned.core.full
        if full and number not in self._paused:
            self._paused.add(number)
            self._flow.pause_partition(number)
        elif not full and number in self._paused:
            self._paused.discard(number)
            self._flow.resume_partition(number)

    # ---- assignment

    async def assigned(self, partitions: Collection[int]) -> None:
        """Own *partitions* and no others; what came back is believed if it may be."""
        kept, self._kept, self._paused = self._kept, {}, set()
        for number, owned in kept.items():
            if number in partitions:
                self._owned[number] = owned
            else:
                await self._tools.commits.close(number)
        for number in sorted(partitions):
            if number not in self._owned:
                core = Partition(number, self._topic_id, self._rules)
                self._owned[number] = Owned(core, self._tools)
        self._calls.share(self._owned.values())
        budget = self._tools.attempts.budget
        of = self._placing.partitions
        budget.assigned(len(partitions), of)
        for owned in self._owned.values():
            owned.assigned()
        self._assigned_once = True
        log.info("partitions.assigned", owned=len(partitions), of=of)

    async def revoked(self, *, lost: bool) -> None:
        """Give all partitions away: drained and written, or dropped where *lost*."""
        giving = list(self._owned.values())
        if giving:
            log.info("partitions.revoked", owned=len(giving), lost=lost)
        broken = self._group is None  # a bug ended the tasks: nothing can be written
        for owned in giving:
            owned.lost() if lost or broken else owned.drain()
        if lost:
            self._tools.attempts.client.drop_connections()
        try:
            async with asyncio.timeout(self._bounds.drain_seconds_max):
                for owned in giving:
                    await owned.closed.wait()
        except TimeoutError:
            late = [owned for owned in giving if not owned.closed.is_set()]
            log.warning("drain.too_late", partitions=len(late))
            for owned in late:
                owned.lost()
        for owned in giving:
            owned.forget_messages()
            if owned.core.state == "kept":
                self._kept[owned.core.number] = owned
            else:
                self.spawn(self._tools.commits.close(owned.core.number))
        self._owned = {}
        self._calls.share(())
        self._room.set()

    # ---- calls

    def changed(self) -> None:
        """Look soon at what can be started: once for all that changes meanwhile."""
        if self._look is None:
            self._look = asyncio.get_running_loop().call_soon(self._look_again)

    def _look_again(self) -> None:
        self._look = None
        self._calls.start_all()
        self._make_room()
        if not self._room.is_set() and not self._is_full():
            self._room.set()
        for number in list(self._paused):
            if number in self._owned:
                self._hold_back(self._owned[number])

    def _make_room(self) -> None:
        """Park backlog that waits for the budget where the memory is full of it."""
        budget = self._tools.attempts.budget
        if budget.empty or not self._calls.wait_for_budget:
            return  # without a share nothing would ever come back
        full = not self._room.is_set() and self._is_full()
        for owned in self._owned.values():
            if (full or owned.core.full) and owned.core.make_room(time.time()):
                owned.step()

    def end_read(self, partition: int) -> float:
        """Return when the log was last seen to be read to its end, 0 where it is not.

        In epoch seconds, and up to `ENDS_SECONDS` late.
        """
        now = time.monotonic()
        if now > self._ends_at + ENDS_SECONDS:
            self._ends, self._ends_at = self._flow.ends_read(), now
        return self._ends.get(partition, 0.0)
