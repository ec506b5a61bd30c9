"""Writes what one batch changes in one transaction, which only an owner can make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from confluent_kafka import Producer

from events.kafka import KafkaSettings
from events.publisher import Message
from events.topics import RECORD_BYTES_MAX
from processors.ledger import hanging, refusals, rounds
from processors.ledger.batch import Batch
from processors.ledger.clients import SILENT, Deadline, LedgerUnavailable
from processors.ledger.fates import Fates, fates
from processors.ledger.offsets import MarkedOffsets, of_no_member
from processors.ledger.place import Place
from processors.ledger.refusals import RecordRefused
from processors.ledger.rounds import Round, Written
from processors.ledger.stable import StableEnds
from processors.ledger.stamp import stamped
from processors.ledger.stretches import Held

__all__ = ["LedgerUnavailable", "RecordRefused", "Transactions", "Written"]

# After an abort the next transaction fails, too (its sequence numbers are not what the
# broker expects), and the one after that goes through.
ROUNDS_MAX = 4


class Transactions:
    """The one producer that may write a partition's ledger, until it is fenced.

    Blocks, each call within its limit: use a thread, and one at a time. Whoever opens
    the same *transactional_id* later, in whatever process, fences this one. *places*
    are where it writes to, and *stable* tells how far they can be read.
    `reason` names the last failure. `gaps` counts transactions that hold none of
    what was asked for: each is a gap in the offsets of the partitions it wrote to.
    """

    def __init__(
        self,
        kafka: KafkaSettings,
        transactional_id: str,
        places: Sequence[Place],
        stable: StableEnds,
        *,
        transaction_timeout_seconds: float = 15.0,
        commit_seconds_max: float = 20.0,
    ) -> None:
        self._kafka = kafka
        self._places = places
        self._stable = stable
        self._settings: dict[str, Any] = {
            **kafka.librdkafka(),
            "transactional.id": transactional_id,
            "transaction.timeout.ms": round(transaction_timeout_seconds * 1000),
            "message.timeout.ms": round(transaction_timeout_seconds * 800),
            "acks": "all",
            "linger.ms": 0,
            "compression.type": "lz4",
            "message.max.bytes": RECORD_BYTES_MAX,
            # The broker refuses what it gets for a partition as a whole, so that must
            # not exceed the smallest max.message.bytes, which is 1 MiB.
            "batch.size": 1_000_000,
            # How long a topic that is not there is taken for one that is being made.
            "topic.metadata.propagation.max.ms": 5_000,
            "socket.keepalive.enable": True,
            "reconnect.backoff.max.ms": 500,
            "log_level": 0,
        }
        self._seconds_max = commit_seconds_max
        self._producer: Producer | None = None
        self._doubtful = False  # an abort may have left something open
        self.reason = ""
        self.gaps = 0

    def open(self, seconds_max: float) -> None:
        """Fence every former owner; when this returns, what they wrote can be read.

        Raises:
            LedgerUnavailable: The broker did not agree within *seconds_max*.
        """
        self.close()
        deadline = Deadline(seconds_max)
        producer = Producer(self._settings, logger=SILENT)
        failure = rounds.repeat(producer.init_transactions, deadline)
        if failure is not None:
            raise LedgerUnavailable(failure.name())
        self._end_what_hangs(producer, deadline)
        self._doubtful = False
        self._producer = producer

    def _end_what_hangs(
        self, producer: Producer, deadline: Deadline, *, given_up: bool = False
    ) -> None:
        """End the last transaction as its writer would have it.

        Where that is known to have *given_up*, its records are not asked.
        """
        for _ in range(ROUNDS_MAX):
            left = hanging.undecided(self._kafka, self._stable, self._places, deadline)
            if not left:
                break
            places = {Place(*stretch[:2]) for stretch in left}
            if given_up:
                found = Fates(aborted=list(places))
            else:
                decided = [place for place in self._places if place not in places]
                found = fates(self._kafka, left, decided, deadline)
            if found.aborted:
                hanging.drop(producer, found.aborted, deadline)
            if found.committed:
                self._finish(producer, found.committed, deadline)

    def close(self) -> None:
        """Give the producer up without waiting; nothing is written after.

        Its own `close` would wait for what is queued while no broker answers.
        """
        producer, self._producer = self._producer, None
        if producer is not None:
            producer.purge()

    def write(
        self, messages: Sequence[Message], offsets: MarkedOffsets | None = None
    ) -> Written:
        """Write *messages*, and commit *offsets*, in one transaction.

        Takes `commit_seconds_max` at most. After FENCED and UNKNOWN only `open` helps,
        and only what is read after it tells whether the batch was written. Without a
        record and an offset no broker is asked, so nothing is proved.

        Raises:
            RecordRefused: The broker will never take one of *messages*; nothing was
                written, and the next batch can be.
        """
        messages = stamped(messages, self._places)
        refusals.check_sizes(messages)
        written = Written.UNKNOWN  # after any other error, too
        try:
            written = self._write(messages, offsets, Deadline(self._seconds_max))
        except RecordRefused:
            written = Written.ABORTED
            raise
        except LedgerUnavailable as error:
            self.reason = error.reason
        except SystemError as error:  # a fault of the client when it is fenced
            self.reason = type(error).__name__
        finally:
            if written in {Written.FENCED, Written.UNKNOWN}:
                self.close()
        return written

    def _write(
        self,
        messages: Sequence[Message],
        offsets: MarkedOffsets | None,
        deadline: Deadline,
    ) -> Written:
        producer = self._producer
        if producer is None:
            raise LedgerUnavailable("closed")
        group = None if offsets is None else of_no_member(self._kafka, offsets.group)
        batch = Batch(producer, messages, deadline, offsets, group)
        for _ in range(ROUNDS_MAX):
            if self._doubtful:
                # What was committed before is decided; only the abort may hang.
                self._end_what_hangs(producer, deadline, given_up=True)
                self._doubtful = False
            done = self._noted(rounds.commit(producer, batch.fill, deadline))
            if done.written is Written.DURABLE:
                self._wait_for_markers(batch)
            if done.written is not Written.ABORTED:
                return done.written
            if refusals.at_fault(done.failure):
                return self._search(batch)
            if deadline.passed:
                break
        return Written.ABORTED

    def _wait_for_markers(self, batch: Batch) -> None:
        """Wait until what is committed can be read, and see that it will be.

        Where a marker is lost, the end of the next transaction is that of this one.
        """
        batch.producer.poll(0)  # the last reports of what was delivered where
        patience = batch.deadline.within(hanging.MARKERS_SECONDS_MAX)
        left = self._stable.behind(batch.ends, patience, batch.deadline)
        if left:
            held = {place: Held(batch.to(place), batch.ends[place]) for place in left}
            self.gaps += 1
            self._finish(batch.producer, held, batch.deadline)

    def _finish(
        self, producer: Producer, held: Mapping[Place, Held], deadline: Deadline
    ) -> None:
        hanging.finish(self._kafka, self._stable, producer, held, deadline)

    def _search(self, batch: Batch) -> Written:
        """Raise RecordRefused for the record that the broker refuses; writes none."""
        for _ in range(ROUNDS_MAX):
            done = self._noted(
                rounds.discard(batch.producer, batch.fill_one_by_one, batch.deadline)
            )
            if done.written is not Written.ABORTED or done.failure is None:
                return done.written
            if refusals.at_fault(done.failure):
                topic = batch.messages[batch.index].topic
                raise RecordRefused(topic, done.failure.name(), batch.index)
        return Written.ABORTED

    def _noted(self, done: Round) -> Round:
        if done.written is Written.ABORTED:
            self.gaps += 1
            self._doubtful = True
        if done.failure is not None:
            self.reason = done.failure.name()
        return done
