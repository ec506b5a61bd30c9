"""A transaction that the broker forgot to end does not stop its partition."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from processors.ledger.clients import Deadline
from processors.ledger.hanging import Place, undecided
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


def still_open(ledger: Ledger) -> list[Place]:
    return undecided(ledger.kafka, places(ledger), Deadline(10.0))


def leave(ledger: Ledger, number: int) -> None:
    """Leave a transaction of the owner open in the *number*-th topic of the ledger."""
    messages = (
        ledger.link(b"ann", b"link"),
        ledger.park(b"ann@topic@1", b"event"),
        ledger.letter(b"ann", b"event"),
        ledger.outcome(b"ann", b"outcome"),
    )
    owner = f"{ledger.topics.installation}.crm.0"
    leave_hanging(ledger.kafka.bootstrap_servers, owner, messages[number])


@pytest.mark.parametrize("number", range(4))
def test_what_a_former_owner_left_open_is_aborted_by_the_next(
    ledger: Ledger, number: int
) -> None:
    leave(ledger, number)
    assert still_open(ledger) == [places(ledger)[number]]

    owner = ledger.opened()

    assert still_open(ledger) == []
    assert owner.write([ledger.link(b"bob", b"link")]) is Written.DURABLE
    assert [record.key for record in ledger.stored()] == [b"bob"]


def test_a_strangers_transaction_is_left_alone(ledger: Ledger) -> None:
    with open_transaction(ledger, ledger.link(b"ann", b"link")) as stranger:
        ledger.opened()

        assert still_open(ledger) == places(ledger)[:1]
        stranger.commit_transaction(10.0)

    assert [record.key for record in ledger.stored()] == [b"ann"]
