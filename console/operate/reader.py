"""Reads topics as a bystander: what is committed, and as a member of no group."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Self, TypeVar

from confluent_kafka import Consumer, KafkaError, KafkaException, Message
from confluent_kafka import TopicPartition as Place

from events.exits import BadConfiguration, BrokerUnreachable
from events.kafka import KafkaSettings

BATCH_MESSAGES_MAX = 500
POLL_SECONDS = 0.02  # a long one waits until a batch is full
AGAIN_SECONDS = 0.1
# While a partition gets a new leader, as it does when its topic is made.
_PASSING = (KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE)
Answer = TypeVar("Answer")


class Reader:
    """A consumer in assign mode; open it with `with`.

    `read_to` holds, for each partition read last, the offset after what was seen.
    """

    def __init__(self, kafka: KafkaSettings) -> None:
        self._kafka = kafka
        self.read_to: dict[int, int] = {}
        self._consumer = Consumer(
            {
                **kafka.librdkafka(),
                "group.id": "keepstep-console",  # asked for, never joined
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "isolation.level": "read_committed",
                "enable.partition.eof": True,
                "fetch.wait.max.ms": 50,
                # By default a full queue makes the fetcher sleep for a second.
                "fetch.queue.backoff.ms": 5,
                "queued.max.messages.kbytes": 16_384,
                "log_level": 0,
            }
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._consumer.close()

    def bounds(
        self, topic: str, partitions: Iterable[int]
    ) -> dict[int, tuple[int, int]]:
        """Return for each partition its first offset and the one after its last."""
        return {number: self._bounds(Place(topic, number)) for number in partitions}

    def records(
        self, topic: str, partitions: Iterable[int], since_ms: int | None = None
    ) -> Iterator[Message]:
        """Yield what the partitions hold now, each in order, side by side.

        With *since_ms* (epoch) nothing that was written before that time.
        """
        self._answer(lambda seconds: self._consumer.list_topics(topic, seconds))
        bounds = self.bounds(topic, partitions)
        self.read_to = {number: high for number, (_, high) in bounds.items()}
        begin = {number: low for number, (low, _) in bounds.items()}
        if since_ms is not None:
            sought = [Place(topic, number, since_ms) for number in bounds]
            places = self._answer(
                lambda seconds: self._consumer.offsets_for_times(sought, seconds)
            )
            # An offset below 0 says that nothing is as new as that.
            begin = {
                place.partition: place.offset
                if place.offset >= 0
                else bounds[place.partition][1]
                for place in places
            }
        yield from self._read_to_end(topic, begin)

    def one(self, topic: str, partition: int, offset: int) -> Message | None:
        """Return the record at *offset*, or None where there is none."""
        low, high = self._bounds(Place(topic, partition))
        if not low <= offset < high:
            return None
        self.read_to = {partition: high}
        first = next(self._read_to_end(topic, {partition: offset}), None)
        return first if first is not None and first.offset() == offset else None

    def follow(
        self, topic: str, positions: dict[int, int], seconds_max: float
    ) -> Iterator[Message]:
        """Yield what comes after *positions*, until *seconds_max* have gone by."""
        self._assign(topic, positions)
        deadline = time.monotonic() + seconds_max
        while time.monotonic() < deadline:
            for message in self._consumer.consume(BATCH_MESSAGES_MAX, POLL_SECONDS):
                if not _is_end(message):
                    yield message

    def _read_to_end(self, topic: str, begin: dict[int, int]) -> Iterator[Message]:
        ends = {number: self.read_to[number] for number in begin}
        waiting = {number for number in begin if begin[number] < ends[number]}
        self._assign(topic, {number: begin[number] for number in waiting})
        silent_seconds = 0.0
        while waiting:
            messages = self._consumer.consume(BATCH_MESSAGES_MAX, POLL_SECONDS)
            silent_seconds = 0.0 if messages else silent_seconds + POLL_SECONDS
            if silent_seconds > self._kafka.connect_seconds_max:
                raise self._unreachable("it went silent")
            for message in messages:
                number, after = message.partition() or 0, (message.offset() or 0) + 1
                if _is_end(message):
                    waiting.discard(number)
                    continue
                self.read_to[number] = max(self.read_to[number], after)
                yield message
                # Transaction markers are never handed out, so the last record may
                # stand before the end; where more is written for ever, EOF never
                # comes. One of the two ends the reading.
                if after >= ends[number]:
                    waiting.discard(number)

    def _assign(self, topic: str, positions: dict[int, int]) -> None:
        self._consumer.assign(
            [Place(topic, number, offset) for number, offset in positions.items()]
        )

    def _bounds(self, place: Place) -> tuple[int, int]:
        return self._answer(
            lambda seconds: self._consumer.get_watermark_offsets(place, seconds)
        )

    def _answer(self, ask: Callable[[float], Answer]) -> Answer:
        deadline = time.monotonic() + self._kafka.connect_seconds_max
        while True:
            try:
                return ask(self._kafka.connect_seconds_max)
            except KafkaException as error:
                found = error.args[0]
                if found.code() not in _PASSING or time.monotonic() > deadline:
                    raise self._unreachable(found.str()) from None
                time.sleep(AGAIN_SECONDS)

    def _unreachable(self, reason: str) -> BrokerUnreachable:
        return BrokerUnreachable(
            f"KEEPSTEP_KAFKA_BOOTSTRAP_SERVERS={self._kafka.bootstrap_servers}: the "
            f"broker does not answer ({reason}): see that it runs, then say it again"
        )


def _is_end(message: Message) -> bool:
    """Whether this only says that a partition's end is reached."""
    error = message.error()
    if error is None:
        return False
    if error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 -- its public name
        return True
    raise BadConfiguration(
        f"topic {message.topic()} cannot be read ({error.str()}): see that this user "
        "may read it"
    )
