"""Faust's Kafka consumer, made to lose nothing, wait for nobody and never jump."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from typing import Any

import structlog
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from processors.group import at_once
from processors.group.thread import ConsumerThread
from processors.group.unacked import Unacked
from processors.group.watchdog import Progress

log = structlog.get_logger()
HELD_POLL_SECONDS = 0.1
REVOKE_MARGIN_SECONDS = 3.0  # for whoever keeps the drain deadline by himself


class Consumer(driver.Consumer):
    """One member of the group.

    Its own account of acks replaces Faust's. Partitions are given away only after the
    worker has drained them and what was acked is committed, within a deadline.
    """

    app: Any  # a WorkerApp, which is built on this
    _thread: ConsumerThread

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._in_hand: dict[TP, Unacked] = {}
        self._stored: dict[TP, int] = {}
        self._fetched: dict[TP, int] = {}
        self._held: set[TP] = set()
        self._serving = False
        self._changing = asyncio.Lock()
        super().__init__(*args, **kwargs)

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    # ---- messages

    def _to_message(self, tp: TP, record: Any) -> Any:
        self._fetched[tp] = record.offset
        return super()._to_message(tp, record)

    async def wait_first(self, *coros: Any, timeout: Any = None) -> Any:  # noqa: ASYNC109 -- mode names it
        """Give a message to its stream, or stop as soon as the flow is suspended.

        Faust makes four tasks for each message. Where it need not wait, and it hardly
        ever does, there is nothing to stop, so that none is needed.
        """
        if timeout is not None or len(coros) != 2:  # noqa: PLR2004 -- see assumptions.py
            return await super().wait_first(*coros, timeout=timeout)
        giving, suspended = coros
        try:
            rest = at_once.begin(giving)
        except BaseException:
            suspended.close()
            raise
        if rest is not None:
            return await super().wait_first(rest, suspended)
        suspended.close()
        return None

    def hand_over(self, message: Any) -> bool:
        """Begin to wait for the ack of *message*; False: it must not be handled."""
        current = message.generation_id == self.app.consumer_generation_id
        if self._serving and current and self.flow_active:
            in_hand = self._in_hand.setdefault(message.tp, Unacked())
            if in_hand.add(message.offset, message):
                return True
        self.unacked.discard(message)
        return False

    def give_back(self, message: Any) -> None:
        """Wait for *message* no more; its offset stays un-acked."""
        self.unacked.discard(message)

    def ack(self, message: Any) -> bool:
        """Note that *message* has ended, unless its partition was given away since."""
        message.acked = True
        self.unacked.discard(message)
        in_hand = self._in_hand.get(message.tp)
        if in_hand is None or not in_hand.end(message.offset, message):
            return False
        self._n_acked += 1
        return True

    # ---- commits, asked for by Faust's timer

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterator[TP]:
        del topics
        return iter(list(self._in_hand))

    def _new_offset(self, tp: TP) -> int | None:
        in_hand = self._in_hand.get(tp)
        return in_hand.committable if in_hand is not None else None

    def _should_commit(self, tp: TP, offset: int) -> bool:
        return offset > self._stored.get(tp, -1)

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        done = await self._thread.commit_in_time(offsets)
        if done:
            self._stored.update(offsets)
        return done

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Nothing to do: offsets that the log skips are no concern of ours."""

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Go back to what is committed.

        Until something is acked nothing is committed anew: a commit of the same offset
        would carry our mark, and hide that an operator had set it.
        """
        found: Mapping[TP, int] = await super().seek_to_committed()
        self._stored.update(found)
        return found

    async def commit_marked(self, offsets: Mapping[TP, int]) -> bool:
        """Commit *offsets* of owned partitions, and read on from there if further."""
        if not await self._commit(offsets):
            return False
        for tp, offset in offsets.items():
            await self.read_from(tp, offset)
        return True

    async def read_from(self, tp: TP, offset: int) -> None:
        """Skip what comes before *offset*; does not go back."""
        in_hand = self._in_hand.get(tp)
        if in_hand is None or offset > in_hand.newest:
            await self._thread.seek_to({tp: offset})
            self._read_offset[tp] = offset

    # ---- single partitions

    def hold(self, tp: TP) -> None:
        """Fetch no more of one partition; what is fetched already still comes.

        Faust's `pause_partitions` drops the rest of the batch that is being handed on,
        and reads on behind it.
        """
        self._held.add(tp)

    def unhold(self, tp: TP) -> None:
        """Fetch this partition again."""
        self._held.discard(tp)

    async def _getmany(
        self,
        active_partitions: Any,
        timeout: float,  # noqa: ASYNC109 -- Faust names it
    ) -> Any:
        wanted = active_partitions - self._held
        if not wanted:
            await asyncio.sleep(HELD_POLL_SECONDS)
            return {}
        if self._held:
            timeout = min(timeout, HELD_POLL_SECONDS)
        return await super()._getmany(wanted, timeout)

    # ---- membership

    async def on_partitions_assigned(
        self, assigned: Iterable[TP], generation_id: int = 0
    ) -> None:
        """Tell the worker before Faust begins to fetch."""
        source = self.app.source
        numbers = frozenset(tp.partition for tp in assigned if tp.topic == source)
        async with self._changing, self._crashing():
            if not self.app.should_stop:
                self._serving = True
                await self.app.hooks.assigned(numbers)
        await super().on_partitions_assigned(assigned, generation_id)

    async def on_partitions_revoked(self, revoked: Iterable[TP]) -> None:
        """Let the worker drain before Faust forgets the partitions."""
        await self.release()
        await super().on_partitions_revoked(revoked)

    async def release(self) -> None:
        """Take no more, drain, commit, forget the rest; a second call joins in.

        Ends within `drain_seconds_max` and some seconds, whatever the worker does.
        """
        self.stop_flow()
        self.app.flow_control.suspend()
        async with self._changing:
            if self._serving:
                async with self._crashing():
                    await self._drain()
                self._forget()

    async def _drain(self) -> None:
        membership = self.app.membership
        seconds = self.app.drain_seconds_max + REVOKE_MARGIN_SECONDS
        try:
            async with asyncio.timeout(seconds):
                await self.app.hooks.revoked(lost=not membership.is_member)
        except TimeoutError:
            log.warning("worker.drain_cut_off", after_seconds=seconds)
        if membership.holds(time.monotonic()):
            await self.maybe_wait_for_commit_to_finish()
            await self.force_commit()

    def _forget(self) -> None:
        self._serving = False
        self._in_hand, self._stored, self._fetched = {}, {}, {}
        self._held = set()
        self._unacked_messages.clear()

    @contextlib.asynccontextmanager
    async def _crashing(self) -> AsyncIterator[None]:
        """End the worker for a bug: aiokafka would log it, and go on."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 -- any bug ends the process
            await self.app.crash(error)

    # ---- looks from outside

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Leave that to our own watchdog, which does more than log."""

    def progress(self) -> dict[int, Progress]:
        """Return how far each owned partition is."""
        return {
            tp.partition: self._progress(tp, position, end)
            for tp, (position, end, _) in self._thread.positions().items()
            if self._serving
        }

    def ends_read(self) -> dict[int, float]:
        """Return when each partition's end was where it has been read to.

        In epoch seconds; a partition that is behind is left out.
        """
        return {
            tp.partition: at
            for tp, (position, end, at) in self._thread.positions().items()
            if position >= end
            and self._fetched.get(tp, -1) <= self._in_hand.get(tp, _NONE).newest
        }

    def _progress(self, tp: TP, position: int, end: int) -> Progress:
        in_hand = self._in_hand.get(tp, _NONE)
        acked = in_hand.committable
        log_end = max(end, self._thread.ends.get(tp, end))
        waiting = self._fetched.get(tp, -1) > in_hand.newest or len(in_hand) > 0
        return Progress(
            at=(position, in_hand.newest, -1 if acked is None else acked),
            behind=position < end or waiting,
            lag=max(0, log_end - (position if acked is None else acked)),
        )


_NONE = Unacked()


class Transport(driver.Transport):
    """Faust's aiokafka transport, with our consumer."""

    Consumer = Consumer
