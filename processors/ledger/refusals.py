"""Records that a broker will not take: known before by size, or by its answer."""

from __future__ import annotations

from collections.abc import Sequence

from confluent_kafka import KafkaError

from events.publisher import Message
from events.topics import RECORD_BYTES_MAX

BATCH_BYTES = 61  # what Kafka's format puts around the records of one batch
RECORD_FIELDS_BYTES_MAX = 40  # lengths, time and offset of a record, at their longest
HEADER_FIELDS_BYTES_MAX = 10  # the two lengths of a header

# The record is at fault: written once more it is refused once more.
CODES = frozenset(
    {
        KafkaError.MSG_SIZE_TOO_LARGE,
        KafkaError.RECORD_LIST_TOO_LARGE,
        KafkaError.INVALID_RECORD,
        KafkaError.INVALID_MSG,
        KafkaError.INVALID_MSG_SIZE,
        KafkaError.INVALID_TIMESTAMP,
        KafkaError.POLICY_VIOLATION,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError._UNKNOWN_TOPIC,  # noqa: SLF001 -- its public name
        KafkaError._UNKNOWN_PARTITION,  # noqa: SLF001 -- its public name
    }
)


class RecordRefused(Exception):
    """The broker will never take a record; nothing of its batch was written.

    `index` is its place in the batch, `reason` Kafka's name for what is wrong with it.
    """

    def __init__(self, topic: str, reason: str, index: int) -> None:
        super().__init__(f"record {index} of the batch, for {topic}: {reason}")
        self.topic = topic
        self.reason = reason
        self.index = index


def at_fault(failure: KafkaError | None) -> bool:
    """Whether *failure* is the record's, and not that of the moment."""
    return failure is not None and failure.code() in CODES


def record_bytes(message: Message) -> int:
    """Return the most that *message* can take where a topic limits its size.

    >>> record_bytes(Message("t", b"key", b"value", [("a", b"bc")]))
    122
    """
    headers = sum(
        HEADER_FIELDS_BYTES_MAX + _bytes(name) + _bytes(value)
        for name, value in message.headers
    )
    around = BATCH_BYTES + RECORD_FIELDS_BYTES_MAX
    return around + _bytes(message.key) + _bytes(message.value) + headers


def check_sizes(messages: Sequence[Message]) -> None:
    """Raise RecordRefused for the first of *messages* that no topic of ours takes."""
    for index, message in enumerate(messages):
        if record_bytes(message) > RECORD_BYTES_MAX:
            name = "MSG_SIZE_TOO_LARGE"
            raise RecordRefused(message.topic, name, index)


def _bytes(text: str | bytes | None) -> int:
    if text is None:
        return 0
    return len(text.encode() if isinstance(text, str) else text)
