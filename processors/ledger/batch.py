"""Hands the records of one batch to a producer, together or one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka import Message as Received

from events.publisher import Message
from processors.ledger.clients import Deadline
from processors.ledger.offsets import MarkedOffsets
from processors.ledger.place import Place


@dataclass
class Batch:
    """The records of one transaction and the offsets that are committed in it.

    `group` is what `offsets.of_no_member` gives.
    """

    producer: Producer
    messages: Sequence[Message]
    deadline: Deadline
    offsets: MarkedOffsets | None = None
    group: Any = None
    index: int = 0
    ends: dict[Place, int] = field(default_factory=dict)

    def fill(self) -> None:
        """Queue everything; the commit waits for it.

        `ends` then gets the offset after the last record of each place.
        """
        self.ends.clear()
        last = {(m.topic, m.partition): m for m in self.messages}
        for message in self.messages:
            # A report takes the interpreter's lock once more, so few are asked for.
            if message is last[message.topic, message.partition]:
                self._produce(message, on_delivery=self._delivered)
            else:
                self._produce(message)
        if self.offsets is not None:
            self.producer.send_offsets_to_transaction(
                self.offsets.positions(), self.group, self.deadline.left_seconds()
            )

    def fill_and_wait(self) -> None:
        """Queue everything, and wait until the broker has it."""
        self.fill()
        self.producer.flush(self.deadline.left_seconds())

    def fill_one_by_one(self) -> None:
        """Write each record by itself; `index` tells which one came last.

        Raises:
            KafkaException: The broker refused that one.
        """
        reports: list[KafkaError | None] = []
        for index, message in enumerate(self.messages):
            self.index = index
            self._produce(message, on_delivery=lambda error, _: reports.append(error))
            self.producer.flush(self.deadline.left_seconds())
            if not reports:
                return  # the time is up
            error = reports.pop()
            if error is not None:
                raise KafkaException(error)

    def to(self, place: Place) -> list[Message]:
        """Return the records that go to *place*."""
        return [m for m in self.messages if (m.topic, m.partition) == place]

    def _delivered(self, error: KafkaError | None, record: Received) -> None:
        if error is None:
            place = Place(record.topic() or "", record.partition() or 0)
            self.ends[place] = (record.offset() or 0) + 1

    def _produce(self, message: Message, **options: Any) -> None:
        self.producer.produce(
            message.topic,
            message.value,
            message.key,
            message.partition,
            headers=message.headers,
            **options,
        )
