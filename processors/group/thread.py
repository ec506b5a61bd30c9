"""The thread in which aiokafka fetches, commits and sends heartbeats."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Mapping
from typing import Any

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import (
    CommitFailedError,
    IllegalStateError,
    KafkaError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
)
from aiokafka.protocol.group import LeaveGroupRequest
from aiokafka.structs import OffsetAndMetadata
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from events.exits import BadConfiguration
from processors.ledger.offsets import MARK

log = structlog.get_logger()
COMMIT_SECONDS_MAX = 3.0
STOP_SECONDS_MAX = 3.0
LEAVE_SECONDS_MAX = 1.0
# While a fetch waits, partitions that have been emptied since are not fetched.
FETCH_WAIT_MS = 250
ENDS_SECONDS = 5.0


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """What Faust asks of aiokafka, with what it leaves out."""

    app: Any  # a WorkerApp, which is built on this
    ends: Mapping[TP, int] = {}  # of the owned partitions, as of the last look
    _looking: asyncio.Task[None] | None = None

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        # Events that were sent on to their own partition are written in transactions.
        consumer._isolation_level = "read_committed"  # noqa: SLF001 -- see assumptions.py
        consumer._fetch_max_wait_ms = FETCH_WAIT_MS  # noqa: SLF001
        return consumer

    async def on_start(self) -> None:
        """Follow the lease from the first moment on."""
        await super().on_start()
        self.app.membership.watch(self._ensure_consumer()._coordinator)  # noqa: SLF001
        self._looking = asyncio.create_task(self._look_at_ends())

    async def _look_at_ends(self) -> None:
        """See where the log ends: while there is no room, no fetch tells."""
        while True:
            await asyncio.sleep(ENDS_SECONDS)
            with contextlib.suppress(KafkaError, TimeoutError):
                async with asyncio.timeout(ENDS_SECONDS):
                    consumer = self._ensure_consumer()
                    found = await consumer.end_offsets(consumer.assignment())
                    self.ends = {TP(*tp): offset for tp, offset in found.items()}

    async def on_thread_stop(self) -> None:
        """Leave the group and close, in time, even when no broker answers."""
        if self._looking is not None:
            self._looking.cancel()
        try:
            async with asyncio.timeout(STOP_SECONDS_MAX):
                await self._leave_and_stop()
        except TimeoutError:
            pass
        except asyncio.CancelledError:
            _raise_if_ours()  # aiokafka's own tasks end so, when no broker answers
        if self._consumer is not None:
            await self._consumer._client.close()  # noqa: SLF001 -- twice does no harm

    async def _leave_and_stop(self) -> None:
        """Leave the group, even while it rebalances.

        aiokafka waits for its join to be answered, which is when all others have
        drained.
        """
        coordinator = self._consumer and self._consumer._coordinator  # noqa: SLF001
        if not coordinator or coordinator._heartbeat_task is not None:  # noqa: SLF001
            await super().on_thread_stop()
        elif coordinator._group_instance_id is not None:  # noqa: SLF001
            joining = coordinator._coordination_task  # noqa: SLF001
            joining.cancel()
            await asyncio.wait({joining})
            await super().on_thread_stop()
        else:
            async with asyncio.TaskGroup() as group:
                stopping = group.create_task(super().on_thread_stop())
                closing = coordinator._closing  # noqa: SLF001
                first = asyncio.FIRST_COMPLETED
                await asyncio.wait({stopping, closing}, return_when=first)
                await _leave(coordinator)

    # ---- commits

    async def commit_in_time(self, offsets: Mapping[TP, int]) -> bool:
        """Commit *offsets*, if this thread still works; False when not."""
        try:
            async with asyncio.timeout(COMMIT_SECONDS_MAX + 1.0):
                return bool(await self.commit(offsets))
        except TimeoutError:
            return False
        except asyncio.CancelledError:
            _raise_if_ours()  # else it was the thread that has come to its end
            return False

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        """Commit with our mark, which tells our commits from an operator's reset.

        False where the group has moved on, or nobody answers in time: later, then.
        """
        consumer = self._ensure_consumer()
        owned = consumer.assignment()
        marked = {
            TopicPartition(*tp): OffsetAndMetadata(offset, MARK)
            for tp, offset in offsets.items()
            if tp in owned
        }
        if len(marked) < len(offsets):
            return False
        try:
            async with asyncio.timeout(COMMIT_SECONDS_MAX):
                await consumer.commit(marked)
        except (CommitFailedError, IllegalStateError, TimeoutError) as error:
            log.warning("worker.not_committed", reason=type(error).__name__)
            return False
        return True

    # ---- positions

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Go back to what is committed, or to the beginning where nothing is.

        aiokafka leaves partitions without an offset, and those at 0, where they are:
        what was fetched of them and dropped in a rebalance would be lost.
        """
        found: Mapping[TP, int] = await self.call_thread(self._seek_to_committed)
        return found

    async def _seek_to_committed(self) -> Mapping[TP, int]:
        consumer = self._ensure_consumer()
        owned = consumer.assignment()
        stored = await consumer._coordinator.fetch_committed_offsets(list(owned))  # noqa: SLF001
        offsets = {tp: stored[tp].offset for tp in owned if tp in stored}
        offsets |= await self._beginnings(owned - offsets.keys())
        for tp, offset in offsets.items():
            consumer.seek(tp, offset)
        return {TP(*tp): offset for tp, offset in offsets.items()}

    async def seek_to(self, offsets: Mapping[TP, int]) -> None:
        """Read on from *offsets*."""
        await self.call_thread(self._seek_to, offsets)

    async def _seek_to(self, offsets: Mapping[TP, int]) -> None:
        for tp, offset in offsets.items():
            self._ensure_consumer().seek(TopicPartition(*tp), offset)

    async def _beginnings(self, tps: Iterable[Any]) -> dict[Any, int]:
        wanted = list(tps)
        if not wanted:
            return {}
        found: dict[Any, int] = await self._ensure_consumer().beginning_offsets(wanted)
        return found

    async def _fetch_records(self, *args: Any, **kwargs: Any) -> Any:
        """Fetch; a group without an offset begins at the beginning, and nobody else.

        Raises:
            BadConfiguration: The log does not hold the group's offset.
        """
        try:
            return await super()._fetch_records(*args, **kwargs)
        except NoOffsetForPartitionError as error:
            for tp, offset in (await self._beginnings(error.args)).items():
                self._ensure_consumer().seek(tp, offset)
            return {}
        except OffsetOutOfRangeError as error:
            ((tp, offset),) = error.args[0].items()
            raise BadConfiguration(await self._out_of_range(tp, offset)) from None

    async def _out_of_range(self, tp: Any, offset: int) -> str:
        consumer, group = self._ensure_consumer(), self.app.conf.id
        low = (await consumer.beginning_offsets([tp]))[tp]
        high = (await consumer.end_offsets([tp]))[tp]
        return out_of_range(group, tp, offset, low, high)

    def positions(self) -> dict[TP, tuple[int, int, float]]:
        """Return where each owned partition is read, where it ends, and since when.

        The end is as of the last fetch, in epoch seconds. For any thread.
        """
        consumer = self._consumer
        subscription = consumer and consumer._subscription.subscription  # noqa: SLF001
        if not subscription or not subscription.assignment:
            return {}
        states = {
            tp: subscription.assignment.state_value(tp)
            for tp in subscription.assignment.tps
        }
        return {
            TP(*tp): (state.position, state.lso, (state.timestamp or 0) / 1000)
            for tp, state in states.items()
            if state.has_valid_position and state.lso is not None
        }


def _raise_if_ours() -> None:
    """Raise the cancellation that is being handled if it was meant for this task."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise  # noqa: PLE0704 -- called while one is handled


async def _leave(coordinator: Any) -> None:
    """Leave by another connection: the broker reads no more from a joining one."""
    node, member = coordinator.coordinator_id, coordinator.member_id
    if node is None or not member:
        return
    with contextlib.suppress(KafkaError, TimeoutError):
        async with asyncio.timeout(LEAVE_SECONDS_MAX):
            request = LeaveGroupRequest(coordinator.group_id, member)
            await coordinator._client.send(node, request)  # noqa: SLF001


def out_of_range(group: str, tp: Any, offset: int, low: int, high: int) -> str:
    """Say that *group* cannot go on where it was, and what mends it.

    >>> print(out_of_range("g", TopicPartition("t", 3), 7, 10, 20))
    topic t, partition 3: group g goes on at offset 7, but the log holds 10 to 20: \
events are lost, or the topic was restored; stop all workers of g and choose where to \
go on: kafka-consumer-groups.sh --group g --topic t:3 --reset-offsets --to-earliest \
--execute
    """
    return (
        f"topic {tp.topic}, partition {tp.partition}: group {group} goes on at offset "
        f"{offset}, but the log holds {low} to {high}: events are lost, or the topic "
        f"was restored; stop all workers of {group} and choose where to go on: "
        f"kafka-consumer-groups.sh --group {group} --topic {tp.topic}:{tp.partition} "
        "--reset-offsets --to-earliest --execute"
    )
