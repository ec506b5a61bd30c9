"""Ends transactions of an owner that the broker has forgotten to end.

A broker that was killed or frozen can come back with a coordinator that takes a
transaction for over although a partition has no marker of its end (seen with Kafka
4.3, after kill -9 and after SIGSTOP). Nobody reads past that point, and the next
marker of the same producer decides what hangs there. Only that producer can end it,
by a transaction of its own that writes to the same partition.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

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
from processors.ledger.stretches import Held, Stretch, read

log = structlog.get_logger()
MARKERS_SECONDS_MAX = 1.0  # how long the markers of a commit may take
ROUNDS_MAX = 6


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
    kafka: KafkaSettings,
    stable: StableEnds,
    producer: Producer,
    held: Mapping[Place, Held],
    deadline: Deadline,
) -> None:
    """Commit what *producer*'s former transaction has left open: the records *held*.

    A try that fails can leave them as open as they were, or drop them: then they are
    written once more. Markers that were only late can come meanwhile: then they are
    not. So after one that failed this goes on until they can be read.

    Raises:
        LedgerUnavailable: The broker did not agree, or a newer owner has opened.
    """
    log.warning("ledger.marker_lost", ended_by="commit", topics=_topics(held))
    held, patience, failed = dict(held), Deadline(0.0), False
    for _ in range(ROUNDS_MAX):
        ends = {place: end for place, (_, end) in held.items()}
        still_open = stable.behind(ends, patience, deadline)
        decided = {place: held[place] for place in held if place not in still_open}
        gone = _gone(kafka, decided, deadline)
        missing = [_nothing(place) for place in still_open]
        missing += [message for place in gone for message in held[place].messages]
        if not missing:
            return
        batch = Batch(producer, missing, deadline)
        done = rounds.commit(producer, batch.fill, deadline)
        if done.written is Written.DURABLE:
            if not failed:
                return  # what still hides them is a stranger's, who has to end it
            producer.poll(0)  # the last reports of what was delivered where
            held |= {place: Held(batch.to(place), batch.ends[place]) for place in gone}
        elif done.written is Written.ABORTED:
            failed = True
        else:
            break
        patience = deadline.within(MARKERS_SECONDS_MAX)
    raise LedgerUnavailable("not_ended")


def _gone(
    kafka: KafkaSettings, decided: Mapping[Place, Held], deadline: Deadline
) -> list[Place]:
    """Return the places whose last record no reader is given."""
    if not decided:
        return []
    last = [Stretch(*place, end - 1, end) for place, (_, end) in decided.items()]
    with consumer(kafka, "keepstep.held", "read_committed") as opened:
        there = {(m.topic(), m.partition()) for m in read(opened, last, deadline)}
    return [place for place in decided if place not in there]


def _topics(places: Iterable[Place]) -> list[str]:
    return sorted({f"{topic}-{partition}" for topic, partition in places})


def _nothing(place: Place) -> Message:
    return Message(place.topic, ENDED, None, [], place.partition)


def _agreed(done: Round, wanted: Written) -> None:
    if done.written is not wanted:
        raise LedgerUnavailable(
            "not_ended" if done.failure is None else done.failure.name()
        )
