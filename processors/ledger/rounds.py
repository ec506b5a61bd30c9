"""Takes a producer through one transaction, and says what became of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import Enum
from typing import NamedTuple

from confluent_kafka import KafkaError, KafkaException, Producer

from processors.ledger.clients import Deadline

AGAIN_SECONDS = 0.02
FENCED_BY = (
    KafkaError._FENCED,  # noqa: SLF001 -- its public name
    KafkaError.PRODUCER_FENCED,
    KafkaError.INVALID_PRODUCER_EPOCH,
)


class Written(Enum):
    """What became of a batch."""

    DURABLE = "durable"  # every record of it is written, for all readers at once
    ABORTED = "aborted"  # no record of it is written, it may be tried again
    FENCED = "fenced"  # the producer is dead: there is a newer one, or time ran out
    UNKNOWN = "unknown"  # written or not; the producer is of no use any more


class Round(NamedTuple):
    """How one transaction ended, and the failure that ended it where one did."""

    written: Written
    failure: KafkaError | None = None


def commit(producer: Producer, fill: Callable[[], None], deadline: Deadline) -> Round:
    """Begin, *fill* and commit one transaction.

    A commit whose result is unknown is asked for again, and never aborted.
    """
    failure = _filled(producer, fill)
    if failure is not None:
        return _dead(failure) if failure.fatal() else abort(producer, failure, deadline)
    failure = repeat(producer.commit_transaction, deadline)
    if failure is None:
        return Round(Written.DURABLE)
    if failure.fatal():
        return _dead(failure)
    if failure.txn_requires_abort():
        return abort(producer, failure, deadline)
    if failure.retriable():
        return Round(Written.UNKNOWN, failure)
    raise KafkaException(failure)


def discard(producer: Producer, fill: Callable[[], None], deadline: Deadline) -> Round:
    """Begin and *fill* a transaction, and abort it; the failure is that of *fill*."""
    failure = _filled(producer, fill)
    if failure is not None and failure.fatal():
        return _dead(failure)
    return abort(producer, failure, deadline)


def abort(producer: Producer, why: KafkaError | None, deadline: Deadline) -> Round:
    """Abort the open transaction; the broker refuses that if it was committed."""
    failure = repeat(producer.abort_transaction, deadline)
    if failure is None:
        return Round(Written.ABORTED, why)
    return _dead(failure) if failure.fatal() else Round(Written.UNKNOWN, failure)


def repeat(call: Callable[[float], None], deadline: Deadline) -> KafkaError | None:
    """Make *call* until it succeeds or fails for good; return the last failure."""
    while True:
        try:
            call(deadline.left_seconds())
        except KafkaException as error:
            failure: KafkaError = error.args[0]
        else:
            return None
        final = failure.fatal() or failure.txn_requires_abort()
        if final or not failure.retriable() or deadline.passed:
            return failure
        time.sleep(AGAIN_SECONDS)


def _filled(producer: Producer, fill: Callable[[], None]) -> KafkaError | None:
    try:
        producer.begin_transaction()
        fill()
    except KafkaException as error:
        failure: KafkaError = error.args[0]
        return failure
    return None


def _dead(failure: KafkaError) -> Round:
    fenced = failure.code() in FENCED_BY
    return Round(Written.FENCED if fenced else Written.UNKNOWN, failure)
