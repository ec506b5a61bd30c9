"""Publishes messages to Kafka, and says when every in-sync replica has them.

librdkafka reports deliveries in the thread that polls it. That thread collects what
one poll brought and wakes the event loop once for all of it.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import msgspec
import structlog
from confluent_kafka import KafkaError, KafkaException, Producer

from events.headers import Headers

if TYPE_CHECKING:
    from events.kafka import KafkaSettings

log = structlog.get_logger()
POLL_SECONDS = 0.1
FLUSH_SECONDS_MAX = 8.0


class PublishFailed(Exception):
    """Kafka has not (yet) acknowledged the message; it may still be stored.

    `reason` is a short word for a log line or a metric.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Message(msgspec.Struct, frozen=True, gc=False):
    """What to publish; without a partition the key decides (murmur2)."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers
    partition: int = -1


class Publisher:
    """An idempotent producer (acks=all) whose `publish` can be awaited.

    Publishes in the order of the calls. A message that was not acknowledged in time
    stays in the queue and may still arrive, so readers must tolerate duplicates.
    """

    def __init__(
        self,
        kafka: KafkaSettings,
        *,
        acknowledge_seconds_max: float = 4.0,
        linger_ms: float = 2.0,
        queued_messages_max: int = 20_000,
        queued_kib_max: int = 65_536,
    ) -> None:
        self._seconds_max = acknowledge_seconds_max
        self._reports: deque[tuple[asyncio.Future[None], KafkaError | None]] = deque()
        self._closing = threading.Event()
        self._loop = asyncio.get_running_loop()
        self.fatal: str | None = None
        self._producer = Producer(
            {
                **kafka.librdkafka(),
                "acks": "all",
                "enable.idempotence": True,
                # Faust's aiokafka and Kafka's own tools place keys by murmur2;
                # librdkafka's default (CRC32) would part a user's events.
                "partitioner": "murmur2_random",
                "linger.ms": linger_ms,
                "compression.type": "lz4",
                "allow.auto.create.topics": False,
                "message.max.bytes": 4 * 1024 * 1024 + 128 * 1024,
                "queue.buffering.max.messages": queued_messages_max,
                "queue.buffering.max.kbytes": queued_kib_max,
                "socket.keepalive.enable": True,
                # By default a broker that was away is looked for every 10 s at last,
                # longer than a webhook's sender has patience (7 s at Auth0).
                "reconnect.backoff.max.ms": 500,
                "log_level": 0,
                "error_cb": self._failed,
            }
        )
        self._thread = threading.Thread(target=self._poll, name="kafka-poll")
        self._thread.start()

    async def publish(self, *messages: Message) -> None:
        """Return once every in-sync replica has all *messages*, queued in this order.

        Raises:
            PublishFailed: The queue is full, the producer is broken, the broker
                refused a message, or `acknowledge_seconds_max` went by. Some of
                *messages* may still be stored.
        """
        sent: list[asyncio.Future[None]] = []
        # One timer for all: a task for each would cost more than the publishing.
        timer = self._loop.call_later(self._seconds_max, _give_up, sent)
        try:
            for message in messages:
                sent.append(self._send(message))  # noqa: PERF401 -- what was sent before a full queue must be in the list
            for future in sent:
                await future
        finally:
            timer.cancel()
            for future in sent:
                _forget(future)

    def _send(self, message: Message) -> asyncio.Future[None]:
        """Queue *message* at once, and return what its delivery report completes."""
        if self.fatal is not None:
            raise PublishFailed("fatal")
        done: asyncio.Future[None] = self._loop.create_future()
        reports = self._reports

        def report(error: KafkaError | None, _: Any) -> None:
            reports.append((done, error))

        try:
            self._producer.produce(
                message.topic,
                message.value,
                message.key,
                message.partition,
                report,
                headers=message.headers,
            )
        except BufferError:
            raise PublishFailed("queue_full") from None
        except KafkaException as error:
            raise PublishFailed(error.args[0].name()) from None
        return done

    async def trouble(self, topics: Iterable[str], seconds_max: float) -> str | None:
        """Ask the brokers for *topics*: None when all have leaders, else what is wrong.

        Takes *seconds_max* per topic at most, in a thread of its own.
        """
        for topic in topics:
            reason = await asyncio.to_thread(self._trouble_of, topic, seconds_max)
            if reason is not None:
                return reason
        return None

    def _trouble_of(self, topic: str, seconds_max: float) -> str | None:
        try:
            found = self._producer.list_topics(topic, timeout=seconds_max)
        except KafkaException as error:
            return f"no broker answers ({error.args[0].name()})"
        described = found.topics.get(topic)
        if described is None or described.error is not None:
            return f"topic {topic} is missing: run `keepstep topics create`"
        leaderless = sum(p.leader < 0 for p in described.partitions.values())
        if leaderless:
            return f"topic {topic}: {leaderless} partitions have no leader"
        return None

    @property
    def waiting(self) -> int:
        """Messages that are queued or on their way."""
        return len(self._producer)

    async def close(self, seconds_max: float = FLUSH_SECONDS_MAX) -> None:
        """Wait up to *seconds_max* for what is queued, then stop; nothing sends after.

        What was not acknowledged by then is given up; its callers have been told so.
        """
        await asyncio.to_thread(self._producer.flush, seconds_max)
        self._closing.set()
        await asyncio.to_thread(self._thread.join)
        self._report()

    def _poll(self) -> None:
        while not self._closing.is_set():
            if self._producer.poll(POLL_SECONDS) and self._reports:
                self._loop.call_soon_threadsafe(self._report)

    def _report(self) -> None:
        while self._reports:
            future, error = self._reports.popleft()
            if future.done():  # its caller has given up; a late answer helps nobody
                continue
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(PublishFailed(error.name()))

    def _failed(self, error: KafkaError) -> None:
        if error.fatal():
            self.fatal = error.name()
            log.error("kafka.fatal", error=self.fatal)


def _give_up(sent: list[asyncio.Future[None]]) -> None:
    for future in sent:
        if not future.done():
            future.set_exception(PublishFailed("timeout"))


def _forget(future: asyncio.Future[None]) -> None:
    """Cancel *future*, or look at its error, or asyncio would report it unseen."""
    if not future.cancel() and not future.cancelled():
        future.exception()
