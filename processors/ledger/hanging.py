"""Ends transactions of an owner that the broker has forgotten to end.

A broker that was killed or frozen can come back with a coordinator that takes a
transaction for over although a partition has no marker of its end (seen with Kafka
4.3, after kill -9 and after SIGSTOP). Nobody reads past that point, and the next
marker of the same producer decides what hangs there. Only that producer can end it,
by a transaction of its own that writes to the same partition.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import structlog
from confluent_kafka import Producer

from events.kafka import KafkaSettings
from events.publisher import Message
from processors.ledger import rounds
from processors.ledger.batch import Batch
from processors.ledger.clients import Deadline, LedgerUnavailable, consumer
from processors.ledger.keys import ENDED
from processors.ledger.offsets import ends_of
from processors.ledger.place import Place
from processors.ledger.rounds import Round, Written
from processors.ledger.stable import StableEnds
from processors.ledger.stretches import Stretch

log = structlog.get_logger()
MARKERS_SECONDS_MAX = 1.0  # how long the markers of a commit may take
ROUNDS_MAX = 4


def undecided(
    kafka: KafkaSettings,
    stable: StableEnds,
    places: Collection[Place],
    deadline: Deadline,
) -> list[Stretch]:
    """Return what lies behind the last stable offset in those of *places* that hang.

    Markers that are just being written get `MARKERS_SECONDS_MAX`.

    Raises:
        LedgerUnavailable: *deadline* passed, or the broker refused.
    """
    with consumer(kafka, "keepstep.ends", "read_uncommitted") as opened:
        # The whole end first: what is decided afterwards is not taken for open.
        ends = {place: ends_of(opened, *place, deadline).high for place in places}
    left = stable.behind(ends, deadline.within(MARKERS_SECONDS_MAX), deadline)
    begins = stable.of(left, deadline) if left else {}
    return [Stretch(*place, begins[place], ends[place]) for place in left]


def drop(producer: Producer, places: Collection[Place], deadline: Deadline) -> None:
    """Abort what *producer*'s former transactions have left open in *places*.

    Another producer's open transaction is not touched; whoever loads waits for it.

    Raises:
        LedgerUnavailable: The broker did not agree, or a newer owner has opened.
    """
    log.warning("ledger.marker_lost", ended_by="abort", topics=_topics(places))
    nothing = Batch(producer, [_nothing(place) for place in places], deadline)
    _agreed(rounds.discard(producer, nothing.fill_and_wait, deadline), Written.ABORTED)


def finish(
    producer: Producer, held: Mapping[Place, Sequence[Message]], deadline: Deadline
) -> None:
    """Commit what *producer*'s former transaction has left open: the records *held*.

    Where that fails, what hangs is gone, and *held* is written once more.

    Raises:
        LedgerUnavailable: The broker did not agree, or a newer owner has opened.
    """
    log.warning("ledger.marker_lost", ended_by="commit", topics=_topics(held))
    batch = Batch(producer, [_nothing(place) for place in held], deadline)
    done = rounds.commit(producer, batch.fill, deadline)
    for _ in range(ROUNDS_MAX):
        if done.written is not Written.ABORTED or deadline.passed:
            break
        batch.messages = [message for messages in held.values() for message in messages]
        done = rounds.commit(producer, batch.fill, deadline)
    _agreed(done, Written.DURABLE)


def _topics(places: Iterable[Place]) -> list[str]:
    return sorted({f"{topic}-{partition}" for topic, partition in places})


def _nothing(place: Place) -> Message:
    return Message(place.topic, ENDED, None, [], place.partition)


def _agreed(done: Round, wanted: Written) -> None:
    if done.written is not wanted:
        raise LedgerUnavailable(
            "not_ended" if done.failure is None else done.failure.name()
        )
