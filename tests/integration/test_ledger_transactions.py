"""One transaction for each batch, and only by the newest owner: on a real broker."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from confluent_kafka import KafkaException

from events.publisher import Message
from events.topics import RECORD_BYTES_MAX
from processors.ledger import rounds
from processors.ledger.clients import Deadline, LedgerUnavailable
from processors.ledger.offsets import ends
from processors.ledger.transactions import RecordRefused, Transactions, Written
from sandbox.kafka import Broker
from tests.support.broker import own_broker
from tests.support.eventually import eventually
from tests.support.ledger import Ledger, make_ledger

pytestmark = pytest.mark.kafka
MIB = 1024 * 1024


@pytest.fixture
def ledger(kafka: str, installation: str) -> Ledger:
    return make_ledger(kafka, installation)


@pytest.fixture(scope="module")
def broker() -> Iterator[Broker]:
    with own_broker() as started:
        yield started


@pytest.fixture
def own_ledger(broker: Broker, installation: str) -> Ledger:
    return make_ledger(broker.bootstrap_servers, installation)


def a_batch(ledger: Ledger, user: bytes = b"ann") -> list[Message]:
    """Return a record for each topic that the end of an event can change."""
    return [
        ledger.link(user, b"link"),
        ledger.park(user + b"@topic@1", b"event", [("attempt", b"1")]),
        ledger.letter(user, b"event"),
        ledger.outcome(user, b"outcome"),
    ]


def queued(owner: Transactions) -> int:
    """Return how many records wait for the broker."""
    return 0 if owner._producer is None else len(owner._producer)


def users(ledger: Ledger) -> list[bytes | None]:
    """Return who has a link, as soon as the broker leads its partitions (again)."""

    def look() -> list[list[bytes | None]]:
        with suppress(KafkaException):
            return [[record.key for record in ledger.stored([ledger.links])]]
        return []

    return eventually(look)[0]


def test_a_durable_batch_is_read_in_all_its_topics(ledger: Ledger) -> None:
    owner = ledger.opened()

    written = owner.write(a_batch(ledger))

    assert written is Written.DURABLE
    values = [record.value for record in ledger.stored()]
    assert sorted(v or b"" for v in values) == [b"event", b"event", b"link", b"outcome"]


def test_a_newer_owner_fences_the_older_one(
    ledger: Ledger, capfd: pytest.CaptureFixture[str]
) -> None:
    older = ledger.opened()
    assert older.write(a_batch(ledger, b"ann")) is Written.DURABLE
    newer = ledger.opened()

    refused = older.write(a_batch(ledger, b"bea"))

    assert refused is Written.FENCED
    assert older.reason == "_FENCED"
    assert newer.write(a_batch(ledger, b"cem")) is Written.DURABLE
    assert users(ledger) == [b"ann", b"cem"]
    assert capfd.readouterr() == ("", "")  # librdkafka says nothing of its own


def test_who_was_fenced_can_open_again_and_then_fences(ledger: Ledger) -> None:
    older, newer = ledger.opened(), ledger.opened()
    assert older.write(a_batch(ledger, b"ann")) is Written.FENCED

    older.open(20.0)

    assert older.write(a_batch(ledger, b"bea")) is Written.DURABLE
    assert newer.write(a_batch(ledger, b"cem")) is Written.FENCED
    assert users(ledger) == [b"bea"]


def test_owners_of_different_partitions_do_not_fence_each_other(
    ledger: Ledger,
) -> None:
    owners = [ledger.opened(partition) for partition in range(2)]

    for number, owner in enumerate(owners):
        message = ledger.link(b"ann", b"link", number)
        assert owner.write([message]) is Written.DURABLE

    assert {r.partition for r in ledger.stored([ledger.links])} == {0, 1}


def too_large(ledger: Ledger) -> Message:
    return ledger.link(b"secret-user", os.urandom(MIB + 100))


def without_key(ledger: Ledger) -> Message:
    return Message(ledger.links.name, None, b"secret", [], 0)


def for_no_topic(ledger: Ledger) -> Message:
    return Message(f"{ledger.topics.installation}.gone", b"secret", b"secret", [], 0)


def for_no_partition(ledger: Ledger) -> Message:
    return ledger.link(b"secret", b"secret", 99)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (too_large, "MSG_SIZE_TOO_LARGE"),
        (without_key, "INVALID_RECORD"),
        (for_no_topic, "UNKNOWN_TOPIC"),
        (for_no_partition, "UNKNOWN_PARTITION"),
    ],
)
def test_a_record_that_the_broker_refuses_is_named_and_harms_no_other(
    ledger: Ledger, make: object, reason: str
) -> None:
    assert callable(make)
    owner = ledger.opened()
    bad = make(ledger)
    first, *others = a_batch(ledger, b"ann")

    with pytest.raises(RecordRefused) as refused:
        owner.write([first, *others[:1], bad, *others[1:]])
    before = ledger.stored()
    after = owner.write(a_batch(ledger, b"bea"))

    assert (refused.value.topic, refused.value.index) == (bad.topic, 2)
    assert reason in refused.value.reason
    assert "secret" not in str(refused.value)
    assert before == []
    assert after is Written.DURABLE
    assert users(ledger) == [b"bea"]


def test_a_record_beyond_every_topic_is_refused_without_asking(ledger: Ledger) -> None:
    owner = ledger.opened()
    letter = ledger.letter(b"ann", bytes(RECORD_BYTES_MAX))

    with pytest.raises(RecordRefused, match="record 1 of the batch"):
        owner.write([ledger.outcome(b"ann", b"outcome"), letter])

    assert owner.gaps == 0
    assert owner.write(a_batch(ledger)) is Written.DURABLE


def test_records_that_only_together_exceed_a_topics_limit_are_written(
    ledger: Ledger,
) -> None:
    owner = ledger.opened()
    batch = [ledger.link(b"%d" % n, os.urandom(MIB // 3)) for n in range(12)]

    written = owner.write(batch)

    assert written is Written.DURABLE
    assert owner.gaps == 0
    assert len(ledger.stored([ledger.links])) == 12


def test_a_transaction_that_took_too_long_fences_its_living_owner(
    ledger: Ledger,
) -> None:
    owner = ledger.opened(transaction_timeout_seconds=1.0)
    producer = owner._producer
    assert producer is not None
    name = ledger.links.name

    def fill_slowly() -> None:
        producer.produce(name, b"late", b"ann", 0)
        assert producer.flush(20.0) == 0
        # What the coordinator writes at the end of a transaction takes an offset.
        eventually(lambda: ends(ledger.kafka, name, [0], 10.0)[0].high == 2)

    late = rounds.commit(producer, fill_slowly, Deadline(20.0))
    owner.open(20.0)

    assert late.written is Written.FENCED
    assert owner.write([ledger.link(b"ann", b"in time")]) is Written.DURABLE
    assert [r.value for r in ledger.stored([ledger.links])] == [b"in time"]


def test_a_commit_waits_for_a_broker_that_freezes_and_is_written_once(
    broker: Broker, own_ledger: Ledger
) -> None:
    owner = own_ledger.opened()
    assert owner.write(a_batch(own_ledger, b"ann")) is Written.DURABLE

    with ThreadPoolExecutor(1) as pool:
        broker.pause()
        try:
            writing = pool.submit(owner.write, a_batch(own_ledger, b"bea"))
            eventually(lambda: queued(owner) == 4)
        finally:
            broker.resume()
        written = writing.result(30)

    assert written is Written.DURABLE
    assert users(own_ledger) == [b"ann", b"bea"]


def test_a_commit_is_unknown_when_no_answer_comes_in_time(
    broker: Broker, own_ledger: Ledger, capfd: pytest.CaptureFixture[str]
) -> None:
    owner = own_ledger.opened(commit_seconds_max=1.0)
    began = time.monotonic()

    broker.pause()
    try:
        written = owner.write(a_batch(own_ledger, b"ann"))
        took_seconds = time.monotonic() - began
    finally:
        broker.resume()
    owner.open(20.0)
    found = users(own_ledger)
    again = owner.write(a_batch(own_ledger, b"bea"))

    assert written is Written.UNKNOWN
    assert took_seconds < 5.0  # its end waits for nothing, either
    assert found in ([], [b"ann"])  # the log tells, and it does not change any more
    assert again is Written.DURABLE
    assert users(own_ledger) == [*found, b"bea"]
    assert capfd.readouterr() == ("", "")


def test_a_restarted_broker_is_written_to_by_the_same_owner(
    broker: Broker, own_ledger: Ledger
) -> None:
    owner = own_ledger.opened()
    assert owner.write(a_batch(own_ledger, b"ann")) is Written.DURABLE

    broker.halt()
    broker.start()
    written = owner.write(a_batch(own_ledger, b"bea"))

    assert written is Written.DURABLE
    assert users(own_ledger) == [b"ann", b"bea"]


def test_a_ledger_is_unavailable_while_its_broker_is_frozen(
    broker: Broker, own_ledger: Ledger
) -> None:
    owner = own_ledger.owner()

    broker.pause()
    try:
        with pytest.raises(LedgerUnavailable) as refused:
            owner.open(0.5)
    finally:
        broker.resume()
    owner.open(20.0)
    written = owner.write(a_batch(own_ledger))
    if written is Written.FENCED:  # by its own first call, which was answered late
        owner.open(20.0)
        written = owner.write(a_batch(own_ledger))

    assert refused.value.reason == "_TIMED_OUT"
    assert written is Written.DURABLE
