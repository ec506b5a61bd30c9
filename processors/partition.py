"""One owned partition at work on one event at a time."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from events import headers as h
from events.kafka import KafkaSettings
from events.model import Event, UnreadableEvent, read
from events.topics import Topics
from processors.attempts import Attempt, Attempts
from processors.delivery.lanes import Lanes, Parked
from processors.delivery.retry import RetryPolicy
from processors.delivery.verdict import NeedsReview, Rejected, RetryLater, Settled
from processors.ledger.loader import load
from processors.ledger.origin import Origin
from processors.ledger.writer import Ended, Writer

log = structlog.get_logger()


@dataclass(frozen=True)
class Taken:
    """A message that Kafka gave us, until its event has ended or is parked."""

    origin: Origin
    ack: Callable[[], None]
    give_back: Callable[[], None]


@dataclass(frozen=True)
class Tools:
    """What every partition of a worker works with."""

    kafka: KafkaSettings
    topics: Topics
    destination: str
    topic_ref: str
    attempts: Attempts
    writer: Writer
    policy: RetryPolicy
    queued_messages_max: int
    drain_seconds_max: float


class Partition:
    """One owned partition: takes its messages in order, and retries what is due.

    A message is acked only after its event's end, or its parking, is durable.
    """

    def __init__(self, number: int, tools: Tools) -> None:
        self.number = number
        self._tools = tools
        self._queue: asyncio.Queue[Taken] = asyncio.Queue(tools.queued_messages_max)
        self._lanes = Lanes()
        self._origins: dict[tuple[bytes, int], Origin] = {}
        self._busy = False
        self._stopping = False
        self._task: asyncio.Task[None] | None = None

    def start(self, group: asyncio.TaskGroup) -> None:
        """Begin to work, as a task of *group*."""
        self._task = group.create_task(self._run(), name=f"partition {self.number}")

    async def take(self, taken: Taken) -> None:
        """Queue a message; waits while the queue is full, which holds Kafka back."""
        await self._queue.put(taken)
        if self._stopping:  # stopped while this one waited for its place
            self._give_back_all()

    async def stop(self) -> None:
        """Let the event in hand end within the deadline; give the others back."""
        self._stopping = True
        if self._task is not None:
            if self._busy:
                seconds = self._tools.drain_seconds_max
                await asyncio.wait({self._task}, timeout=seconds)
            self._task.cancel()
            await asyncio.wait({self._task})
        self._give_back_all()

    def _give_back_all(self) -> None:
        while not self._queue.empty():
            self._queue.get_nowait().give_back()

    async def _run(self) -> None:
        await self._load()
        while not self._stopping:
            due = self._lanes.next_due()
            wait = None if due is None else due[0] - time.time()
            if due is not None and wait is not None and wait <= 0:
                self._busy = True
                await self._try_again(due[1])
                self._busy = False
                continue
            try:
                async with asyncio.timeout(wait):
                    taken = await self._queue.get()
            except TimeoutError:
                continue
            self._busy = True
            await self._deliver(taken)
            self._busy = False

    async def _load(self) -> None:
        tools = self._tools
        retry = tools.topics.retry(tools.destination)
        topic = tools.topics.events.name
        loaded = await asyncio.to_thread(load, tools.kafka, retry, self.number)
        for parked, ref, headers in loaded:
            self._origins[parked.key, parked.offset] = Origin(
                topic,
                ref,
                self.number,
                parked.offset,
                parked.key,
                parked.value,
                headers,
            )
            self._lanes.park(parked)
        self._count()

    async def _deliver(self, taken: Taken) -> None:
        origin = taken.origin
        if self._lanes.holds(origin.key, origin.offset):
            taken.ack()  # parked before a crash, redelivered after it
            return
        try:
            event = read(origin.value)
        except UnreadableEvent as error:
            unreadable = Ended(
                "dead", "", "unreadable", None, "unreadable", error.reason
            )
            await self._tools.writer.bury(origin, unreadable, parked=False)
            taken.ack()
            return
        if self._lanes.waits(origin.key):
            await self._park(origin, 0, time.time(), "behind an earlier event")
        else:
            attempt = await self._attempt(event, 1)
            await self._finish(origin, event, attempt, parked=False)
        taken.ack()

    async def _try_again(self, parked: Parked) -> None:
        origin = self._origins[parked.key, parked.offset]
        event = read(parked.value)
        attempt = await self._attempt(event, parked.attempts + 1)
        await self._finish(origin, event, attempt, parked=True)

    async def _attempt(self, event: Event, number: int) -> Attempt:
        tools = self._tools
        return await tools.attempts.make(event, number, tools.policy.attempts_max)

    async def _finish(
        self, origin: Origin, event: Event, attempt: Attempt, *, parked: bool
    ) -> None:
        writer = self._tools.writer
        match attempt.verdict:
            case Settled(outcome=outcome):
                ended = Ended(outcome, event.id, event.type, attempt)
                await writer.settle(origin, ended, parked=parked)
            case Rejected(dead_class=dead_class, reason=reason):
                ended = Ended("dead", event.id, event.type, attempt, dead_class, reason)
                await writer.bury(origin, ended, parked=parked)
            case NeedsReview(reason=reason):
                await self._park(origin, attempt.number, None, reason)
                return
            case RetryLater(reason=reason, after_seconds=asked):
                wait = self._tools.policy.wait_seconds(attempt.number, random.random())  # noqa: S311 -- spreads load
                if wait is not None:
                    due_at = time.time() + max(wait, asked)
                    await self._park(origin, attempt.number, due_at, reason)
                    return
                ended = Ended("dead", event.id, event.type, attempt, "gave_up", reason)
                await writer.bury(origin, ended, parked=parked)
        self._lanes.end(origin.key, origin.offset)
        self._origins.pop((origin.key, origin.offset), None)
        self._count()

    async def _park(
        self, origin: Origin, attempts: int, due_at: float | None, reason: str
    ) -> None:
        first = origin.headers.get(h.FIRST_FAILED_AT) or h.instant(time.time())
        origin.headers[h.FIRST_FAILED_AT] = first
        entry: dict[str, str | int | None] = {
            h.ATTEMPT: attempts,
            h.STATE: "review" if due_at is None else "waiting",
            h.NOT_BEFORE: None if due_at is None else h.instant(due_at),
            h.REASON: reason,
        }
        await self._tools.writer.park(origin, entry)
        key, offset, value = origin.key, origin.offset, origin.value
        failed_at = h.epoch_seconds(first)
        parked = Parked(key, offset, attempts, due_at, failed_at, reason, value)
        self._lanes.park(parked)
        self._origins[key, offset] = origin
        self._count()

    def _count(self) -> None:
        self._tools.writer.metrics.parked_in(self.number, len(self._lanes))
