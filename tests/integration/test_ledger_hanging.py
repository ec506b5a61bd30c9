"""A transaction that the broker forgot to end does not stop its partition."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException, Producer

from events.publisher import Message
from processors.ledger.clients import Deadline
from processors.ledger.hanging import finish
from processors.ledger.keys import ENDED
from processors.ledger.offsets import ends
from processors.ledger.place import Place
from processors.ledger.stable import StableEnds
from processors.ledger.stamp import stamped
from processors.ledger.stretches import Held
from processors.ledger.transactions import Written
from sandbox.kafka import Broker
from tests.support.broker import own_broker
from tests.support.hanging import leave_hanging, let_transactions_hang
from tests.support.ledger import Ledger, make_ledger, open_transaction

pytestmark = pytest.mark.kafka


@pytest.fixture(scope="module")
def broker() -> Iterator[Broker]:
    with own_broker() as started:
        let_transactions_hang(started.bootstrap_servers)
        yield started


@pytest.fixture
def ledger(broker: Broker, installation: str) -> Ledger:
    return make_ledger(broker.bootstrap_servers, installation)


def places(ledger: Ledger) -> list[Place]:
    return [Place(topic.name, 0) for topic in ledger.topics.written_by("crm")]


def still_open(ledger: Ledger) -> list[str]:
    """Return the topics whose ends cannot be read by those who read what is decided."""
    deadline = Deadline(10.0)
    written = [place.topic for place in places(ledger)]
    high = {
        Place(topic, 0): ends(ledger.kafka, topic, [0], 10.0)[0].high
        for topic in written
    }
    left = StableEnds(ledger.kafka).behind(high, Deadline(0.0), deadline)
    return [place.topic for place in left]


def records(ledger: Ledger) -> list[Message]:
    """Return one record for each topic, as one transaction writes them."""
    messages = [
        ledger.link(b"ann", b"link"),
        ledger.park(b"ann@topic@1", b"event"),
        ledger.letter(b"ann", b"event"),
        ledger.outcome(b"ann", b"outcome"),
    ]
    return stamped(messages, places(ledger))


def leave(ledger: Ledger, hidden: list[Message], **rest: Any) -> None:
    """Leave a transaction of the owner open, where it is *hidden*."""
    owner = f"{ledger.topics.installation}.crm.0"
    leave_hanging(ledger.kafka.bootstrap_servers, owner, hidden, **rest)


def values(ledger: Ledger) -> list[bytes]:
    return [r.value or b"" for r in ledger.stored() if r.key != ENDED]


@pytest.mark.parametrize("number", range(4))
def test_what_was_written_in_part_is_aborted_by_the_next_owner(
    ledger: Ledger, number: int
) -> None:
    leave(ledger, [records(ledger)[number]])
    assert still_open(ledger) == [places(ledger)[number].topic]

    owner = ledger.opened()

    assert still_open(ledger) == []
    assert owner.write([ledger.link(b"bob", b"of bob")]) is Written.DURABLE
    assert values(ledger) == [b"of bob"]


def test_what_was_written_whole_is_committed_by_the_next_owner(ledger: Ledger) -> None:
    leave(ledger, records(ledger))
    assert len(still_open(ledger)) == len(records(ledger))

    ledger.opened()

    assert still_open(ledger) == []
    assert values(ledger) == [b"link", b"event", b"event", b"outcome"]


@pytest.mark.parametrize("number", range(4))
def test_what_is_committed_in_one_topic_is_committed_in_all(
    ledger: Ledger, number: int
) -> None:
    hidden = records(ledger)
    seen = [hidden.pop(number)]
    leave(ledger, hidden, seen=seen, committed=True)
    assert values(ledger) == [seen[0].value]

    ledger.opened()

    assert still_open(ledger) == []
    assert sorted(values(ledger)) == [b"event", b"event", b"link", b"outcome"]


def test_what_is_aborted_in_one_topic_is_aborted_in_all(ledger: Ledger) -> None:
    link, *hidden = records(ledger)
    leave(ledger, hidden, seen=[link])

    ledger.opened()

    assert still_open(ledger) == []
    assert values(ledger) == []


def test_a_record_without_a_stamp_is_aborted(ledger: Ledger) -> None:
    leave(ledger, [ledger.link(b"ann", b"link")])

    ledger.opened()

    assert still_open(ledger) == []
    assert values(ledger) == []


def test_a_strangers_transaction_is_left_alone(ledger: Ledger) -> None:
    with open_transaction(ledger, ledger.link(b"ann", b"link")) as stranger:
        ledger.opened()

        assert still_open(ledger) == [ledger.links.name]
        stranger.commit_transaction(10.0)

    assert values(ledger) == [b"link"]


class RefusedOnce(Producer):
    """A producer whose first commit the broker refuses, so that it has to abort.

    Its records are *sent* by then, or are not.
    """

    sent = refused = False

    def commit_transaction(self, *seconds: float) -> None:
        if self.refused:
            super().commit_transaction(*seconds)
            return
        if self.sent:
            self.flush(20.0)
        self.refused = True
        code = KafkaError.INVALID_TXN_STATE
        raise KafkaException(KafkaError(code, "", txn_requires_abort=True))


def finish_refused(
    ledger: Ledger, written: list[Message], *, sent: bool, markers: int = 0
) -> None:
    """End a transaction that *written* is taken to hang in; the first try fails."""
    owner = f"{ledger.topics.installation}.crm.0"
    servers = ledger.kafka.bootstrap_servers
    producer = RefusedOnce({"bootstrap.servers": servers, "transactional.id": owner})
    producer.sent = sent
    producer.init_transactions(20.0)
    held = {
        place: Held([message], end.high - markers)
        for place, message in zip(places(ledger), written, strict=True)
        for end in ends(ledger.kafka, place.topic, [0], 10.0).values()
    }
    stable = StableEnds(ledger.kafka)
    finish(ledger.kafka, stable, producer, held, Deadline(20.0))


@pytest.mark.parametrize("sent", [True, False])
def test_what_hangs_is_there_once_after_a_first_try_to_commit_it_failed(
    ledger: Ledger,
    sent: bool,  # noqa: FBT001 -- a parameter of the test
) -> None:
    written = records(ledger)
    leave(ledger, written)

    finish_refused(ledger, written, sent=sent)

    assert still_open(ledger) == []
    assert sorted(values(ledger)) == [b"event", b"event", b"link", b"outcome"]


def test_what_was_only_late_to_be_readable_is_not_written_again(ledger: Ledger) -> None:
    written = records(ledger)
    leave(ledger, [], seen=written, committed=True)

    finish_refused(ledger, written, sent=True, markers=1)

    assert still_open(ledger) == []
    assert sorted(values(ledger)) == [b"event", b"event", b"link", b"outcome"]
