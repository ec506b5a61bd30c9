"""One owned partition at work: carries out what its state machine wants."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import structlog

from processors.alarm import Alarm
from processors.calls import Turn
from processors.delivery.commands import Command
from processors.delivery.lane import Waiting
from processors.delivery.lanes import Attempt
from processors.delivery.partition import Partition
from processors.delivery.verdict import NotMade, Verdict
from processors.ledger.bodies import LedgerBroken
from processors.ledger.encode import Effort
from processors.permit import Permit
from processors.tools import Tools
from processors.writer import Writer

log = structlog.get_logger()
AGAIN_SECONDS = 0.2
AHEAD_LANES, AHEAD_BYTES = 64, 1024 * 1024  # of whom bodies are there before their turn


class Owned:
    """Drives one `Partition`: does what it wants, and says what came of it."""

    def __init__(self, core: Partition, tools: Tools) -> None:
        self.core = core
        self._tools = tools
        self._acks: dict[int, tuple[Callable[[], None], Callable[[], None]]] = {}
        self._doing = False
        self._writer = Writer(core, tools, self._done)
        self._alarm = Alarm(self._wake)
        self._starts = 0
        self.closed = asyncio.Event()
        self.stopped = ""

    # ---- what comes in

    def take(
        self, event: Waiting, ack: Callable[[], None], give_back: Callable[[], None]
    ) -> None:
        """Take a message that Kafka delivered."""
        self._acks[event.offset] = (ack, give_back)
        self.core.arrive(event, time.time())
        self.step()

    def order(self, command: Command) -> None:
        """Take an operator's command."""
        self.core.command(command, time.time())
        self.step()

    def assigned(self) -> None:
        """Begin to own the partition."""
        self.closed.clear()
        self.core.assigned()
        self.step()

    def drain(self) -> None:
        """Let what is in flight end; `closed` is set when nothing is left to write."""
        self.core.drain()
        self.step()

    def lost(self) -> None:
        """Forget everything, and write nothing."""
        self.core.lost()
        self.step()

    def forget_messages(self) -> None:
        """Give back what is not acked; it will be delivered again."""
        for _, give_back in self._acks.values():
            give_back()
        self._acks.clear()

    # ---- what is wanted

    def step(self) -> None:
        """Ack what may be acked, and begin what is wanted next."""
        for offset in self.core.release():
            self._acks.pop(offset)[0]()
        if self.core.state == "free":
            # A call under way must not take effect after another has the partition.
            if self.core.calls == 0:
                self.closed.set()
        elif not self._doing and not self.stopped:
            self._begin()
        self._set_timer()
        self._tools.worker.changed()

    def _begin(self) -> None:
        match self.core.want():
            case "open":
                self._do(self._open())
            case "load":
                self._do(self._load())
            case "commit":
                self._do(self._commit())
            case "write":
                self._doing = True
                self._writer.begin()
            case "close":
                self.core.kept()
                self.closed.set()
        missing = self.core.commands.missing(self.core.lanes)
        if missing is not None and not self._doing:
            self._do(self._fetch(missing))

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        self._doing = True
        self._tools.worker.spawn(self._done_after(work))

    async def _done_after(self, work: Coroutine[Any, Any, None]) -> None:
        await work
        self._done()

    def _done(self) -> None:
        self._doing = False
        self.step()

    async def _open(self) -> None:
        """Fence whoever owned the partition before, once we may own it."""
        epoch = self.core.epoch
        while not self._tools.member.may_own():
            await asyncio.sleep(AGAIN_SECONDS)
            if self.core.epoch != epoch or self.core.state != "fencing":
                return
        opened = await self._tools.commits.open(self.core.number)
        if not opened:
            await asyncio.sleep(AGAIN_SECONDS)
        elif self.core.epoch == epoch and self.core.state == "fencing":
            self.core.opened()

    async def _load(self) -> None:
        epoch = self.core.epoch
        read = await self._tools.loading.load(self.core.number)
        if self.core.epoch == epoch and self.core.state == "loading":
            self._writer.loaded(read.retry_end)
            self.core.loaded(read.loaded)

    async def _commit(self) -> None:
        epoch, offset = self.core.epoch, self.core.to_commit
        if offset is not None:
            written = await self._tools.commits.commit(self.core.number, offset)
            if written != "durable":
                self.core.fenced()
                return
        if self.core.epoch == epoch and self.core.state == "preparing":
            self.core.committed()

    async def _fetch(self, event: Waiting) -> None:
        if await self._filled([event]):
            self._tools.attempts.read(event)
            self.core.filled(time.time())

    async def _filled(self, events: Sequence[Waiting]) -> bool:
        """Fetch the bodies of *events*; where one is gone, the ledger is read anew.

        A worker that was frozen does not know yet that another has ended the event.
        """
        if all(event.body is not None for event in events):
            return True
        epoch = self.core.epoch
        try:
            await self._tools.bodies.fill(self.core.number, events, self._ahead())
        except LedgerBroken as error:
            log.warning("ledger.read_anew", why=str(error))
            if self.core.epoch == epoch:
                self.core.fenced()
            return False
        return True

    # ---- attempts

    def start(self, turn: Turn, *, backlog: bool) -> bool:
        """Start the next attempt, if there is one; return whether there was."""
        self._look_at_end()
        attempt = self.core.start(backlog=backlog)
        if attempt is None:
            return False
        self._tools.worker.spawn(self._attempt(attempt, turn))
        self._starts += 1
        if self._starts % (AHEAD_LANES // 2) == 0 and (ahead := self._ahead()):
            number, bodies = self.core.number, self._tools.bodies
            self._tools.worker.spawn(bodies.fetch_ahead(number, ahead))
        return True

    def _ahead(self) -> list[Waiting]:
        return self.core.lanes.upcoming(AHEAD_LANES, AHEAD_BYTES)

    async def _attempt(self, attempt: Attempt, turn: Turn) -> None:
        verdict: Verdict = NotMade()
        permit = Permit(self.core, self._tools.member, attempt, turn)
        try:
            if await self._filled(attempt.events):
                verdict = await self._tools.attempts.make(attempt, permit)
        finally:
            chance = random.random()  # noqa: S311 -- spreads load
            effort = attempt.effort
            calls = effort.calls if isinstance(effort, Effort) else 0
            self.core.ended(attempt, verdict, time.time(), chance, calls)
            turn.ended(calls)
            self.step()
            self._tools.urgent.run()

    def _set_timer(self) -> None:
        due_at = self.core.lanes.due_at() if self.core.state == "active" else None
        if due_at is None:
            return
        wait_seconds = max(due_at - time.time(), 0.0)
        self._alarm.set(asyncio.get_running_loop().time() + wait_seconds)

    def _look_at_end(self) -> None:
        end_read_at = self._tools.worker.end_read(self.core.number)
        self.core.end_read_at = max(self.core.end_read_at, end_read_at)

    def _wake(self) -> None:
        self._look_at_end()
        self.core.wake(time.time())
        self.step()
