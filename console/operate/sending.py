"""Writes messages, and returns when every in-sync replica has them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator

from events.exits import BadConfiguration, BrokerUnreachable
from events.kafka import KafkaSettings
from events.publisher import Message, Publisher, PublishFailed

CLOSE_SECONDS_MAX = 0.1
BATCH_MESSAGES_MAX = 500
BATCH_BYTES_MAX = 16 * 1024 * 1024
_SILENCE = ("timeout", "_MSG_TIMED_OUT", "_TRANSPORT", "_ALL_BROKERS_DOWN")


def send(kafka: KafkaSettings, messages: Iterable[Message]) -> int:
    """Publish *messages* in their order; return how many there were.

    Raises:
        BrokerUnreachable: Not all were acknowledged in time; the last may be stored.
        BadConfiguration: The broker refused one.
    """
    return asyncio.run(_send(kafka, messages))


async def _send(kafka: KafkaSettings, messages: Iterable[Message]) -> int:
    publisher = Publisher(kafka, acknowledge_seconds_max=kafka.connect_seconds_max)
    sent = 0
    try:
        for batch in _batches(messages):
            await publisher.publish(*batch)
            sent += len(batch)
    except PublishFailed as error:
        exit_by = BrokerUnreachable if error.reason in _SILENCE else BadConfiguration
        raise exit_by(
            f"Kafka has not acknowledged what was sent ({error.reason}), after {sent} "
            "messages that it has: see that the broker runs and that this user may "
            "write, then say it again"
        ) from None
    finally:
        # What is not acknowledged by now has been waited for.
        await publisher.close(CLOSE_SECONDS_MAX)
    return sent


def _batches(messages: Iterable[Message]) -> Iterator[list[Message]]:
    batch: list[Message] = []
    size_bytes = 0
    for message in messages:
        batch.append(message)
        size_bytes += len(message.value or b"")
        if len(batch) == BATCH_MESSAGES_MAX or size_bytes > BATCH_BYTES_MAX:
            yield batch
            batch, size_bytes = [], 0
    if batch:
        yield batch
