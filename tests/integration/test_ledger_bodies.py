"""Bodies of parked events come back, whatever else is asked for or the broker does."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from events.headers import Headers
from processors.delivery.lane import Entry, Waiting
from processors.ledger.bodies import Bodies, LedgerBroken
from processors.ledger.clients import LedgerUnavailable
from processors.ledger.offsets import ends
from processors.ledger.transactions import Written
from processors.ledger.values import Values
from sandbox.kafka import Broker
from tests.support.broker import own_broker
from tests.support.eventually import eventually
from tests.support.ledger import Ledger, make_ledger

pytestmark = pytest.mark.kafka
TOPIC_REF = "topic123"


@contextmanager
def reading(ledger: Ledger, seconds_max: float) -> Iterator[Values]:
    values = Values(ledger.kafka, ledger.retry, seconds_max=seconds_max)
    yield values
    values.close()


def park(ledger: Ledger, partition: int, user: bytes = b"ann") -> Waiting:
    """Park an event; return it as it is known after a load, without its body."""
    owner = ledger.opened(partition)
    at = ends(ledger.kafka, ledger.retry.name, [partition], 10.0)[partition].high
    entry = Entry("waiting", 1, None, 0.0, "HTTP 503", at)
    event = Waiting(user, TOPIC_REF, 7, 100, entry=entry)
    headers: Headers = [("first-failed-at", b"2026-01-02T03:04:05.678Z")]
    message = ledger.park(event.retry_key, b"event", headers, partition)
    assert owner.write([message]) is Written.DURABLE
    return event


def test_what_is_needed_soon_comes_along_and_one_that_is_gone_harms_nobody(
    kafka: str, installation: str
) -> None:
    ledger = make_ledger(kafka, installation)
    needed, soon = park(ledger, 0), park(ledger, 0, b"eve")
    never_parked = Entry("waiting", 1, None, 0.0, "HTTP 503", 1)
    gone = Waiting(b"bob", TOPIC_REF, 8, 100, entry=never_parked)

    with reading(ledger, 20.0) as values:
        asyncio.run(Bodies(values).fill(0, [needed], [gone, soon]))

    assert needed.body.value == soon.body.value == b"event"
    assert gone.body is None


def test_bodies_can_be_there_before_they_are_needed(
    kafka: str, installation: str
) -> None:
    ledger = make_ledger(kafka, installation)
    event = park(ledger, 0)

    async def story(bodies: Bodies) -> None:
        await bodies.fetch_ahead(0, [event])
        assert event.body.value == b"event"
        await bodies.fill(0, [event])

    with reading(ledger, 20.0) as values:
        asyncio.run(story(Bodies(values)))


def test_an_entry_that_is_gone_holds_up_no_other_partition(
    kafka: str, installation: str
) -> None:
    ledger = make_ledger(kafka, installation)
    there = park(ledger, 0)
    never_parked = Entry("waiting", 1, None, 0.0, "HTTP 503", 0)
    gone = Waiting(b"bob", TOPIC_REF, 8, 100, entry=never_parked)

    async def fill(bodies: Bodies) -> list[BaseException | None]:
        asked = bodies.fill(1, [gone]), bodies.fill(0, [there])
        return list(await asyncio.gather(*asked, return_exceptions=True))

    with reading(ledger, 20.0) as values:
        ended = asyncio.run(fill(Bodies(values)))

    assert [type(end) for end in ended] == [LedgerBroken, type(None)]
    assert there.body.value == b"event"


@pytest.fixture
def broker() -> Iterator[Broker]:
    with own_broker() as started:
        yield started


def test_after_a_broker_that_froze_bodies_are_read_again(
    broker: Broker, installation: str
) -> None:
    ledger = make_ledger(broker.bootstrap_servers, installation)
    event = park(ledger, 0)
    assert event.entry is not None
    wanted = {event.entry.record_offset: event.retry_key}

    with reading(ledger, 1.0) as values:
        broker.pause()
        try:
            for _ in range(3):
                with pytest.raises(LedgerUnavailable):
                    values.fetch(0, wanted)
        finally:
            broker.resume()

        def found() -> bool:
            try:
                return event.retry_key in values.fetch(0, wanted)
            except LedgerUnavailable:
                return False

        eventually(found)
