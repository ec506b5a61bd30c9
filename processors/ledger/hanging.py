"""Ends transactions of a fenced owner that the broker has forgotten to end.

Opening a transactional id aborts what its former owner has left open, if the
coordinator knows of it. A broker that was frozen while it took a batch can lose the
marker of the abort (seen with Kafka 4.3: "SIGSTOP 20 s"): the partition then holds a
transaction that nobody will ever end. No reader gets past it, and the next commit in
that partition would make its records valid. Only the same producer can end it, by
aborting a transaction of its own that writes to the same partition.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from confluent_kafka import Producer

from events.kafka import KafkaSettings
from processors.ledger import rounds
from processors.ledger.clients import Deadline, LedgerUnavailable, consumer
from processors.ledger.offsets import ends_of

KEY = b"@aborted"  # of a record that no reader is ever given


class Place(NamedTuple):
    """One partition of a topic."""

    topic: str
    partition: int


def undecided(
    kafka: KafkaSettings, places: Sequence[Place], deadline: Deadline
) -> list[Place]:
    """Return those of *places* that hold records of a transaction still open.

    Raises:
        LedgerUnavailable: *deadline* passed, or the broker refused.
    """
    with (
        consumer(kafka, "keepstep.ends", "read_uncommitted") as everything,
        consumer(kafka, "keepstep.ends", "read_committed") as decided,
    ):
        # The whole end first: what is decided afterwards is not taken for open.
        whole = {place: ends_of(everything, *place, deadline) for place in places}
        return [
            place
            for place in places
            if ends_of(decided, *place, deadline).high < whole[place].high
        ]


def end(producer: Producer, places: Sequence[Place], deadline: Deadline) -> None:
    """Abort what *producer*'s former lives have left open in *places*.

    Another producer's open transaction is not touched; whoever loads waits for it.

    Raises:
        LedgerUnavailable: The broker did not agree, or a newer owner has opened.
    """

    def fill() -> None:
        for place in places:
            producer.produce(place.topic, b"", KEY, place.partition)
        producer.flush(deadline.left_seconds())

    done = rounds.discard(producer, fill, deadline)
    if done.written is not rounds.Written.ABORTED:
        reason = "not_ended" if done.failure is None else done.failure.name()
        raise LedgerUnavailable(reason)
