"""Values of parked events are read back from where they lie, on a real broker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from events.headers import Headers
from processors.ledger.clients import LedgerUnavailable
from processors.ledger.snapshot import load
from processors.ledger.transactions import Transactions, Written
from processors.ledger.values import Values
from tests.support.ledger import Ledger, make_ledger, open_transaction

pytestmark = pytest.mark.kafka
HEADERS: Headers = [("attempt", b"1"), ("reason", b"HTTP 503")]


@pytest.fixture
def ledger(kafka: str, installation: str) -> Ledger:
    return make_ledger(kafka, installation)


@pytest.fixture
def values(ledger: Ledger) -> Iterator[Values]:
    opened = Values(ledger.kafka, ledger.retry, seconds_max=20.0)
    yield opened
    opened.close()


def park(
    owner: Transactions, ledger: Ledger, *numbers: int, partition: int = 0
) -> None:
    """Park an event for each of *numbers*, among other records, in one transaction."""
    batch = []
    for n in numbers:
        key, value = b"ann@t@%d" % n, b"event %d" % n
        batch.append(ledger.link(b"ann", value, partition))
        batch.append(ledger.park(key, value, HEADERS, partition))
    assert owner.write(batch) is Written.DURABLE


def test_records_lie_where_the_end_and_the_markers_say(
    ledger: Ledger, values: Values
) -> None:
    owner = ledger.opened()
    park(owner, ledger, 1)
    [snapshot] = load(ledger.kafka, ledger.links, ledger.retry, [0], 30.0).values()
    park(owner, ledger, 2, 3)
    park(owner, ledger, 4)
    end = snapshot.retry_end
    wanted = {
        snapshot.parked[b"ann@t@1"].offset: b"ann@t@1",
        end: b"ann@t@2",
        end + 1: b"ann@t@3",
        end + 3: b"ann@t@4",  # one offset is the end of the transaction before
    }

    found = values.fetch(0, wanted)

    assert {offset: found[key].offset for offset, key in wanted.items()} == {
        offset: offset for offset in wanted
    }
    assert [found[b"ann@t@%d" % n].value for n in (1, 2, 3, 4)] == [
        b"event 1",
        b"event 2",
        b"event 3",
        b"event 4",
    ]
    assert found[b"ann@t@3"].headers[: len(HEADERS)] == HEADERS
    assert found[b"ann@t@3"].epoch_seconds > 0
    assert values.misses == 0


def test_partitions_and_places_far_apart_are_read_by_one_reader(
    ledger: Ledger, values: Values
) -> None:
    first, second = ledger.opened(0), ledger.opened(1)
    park(first, ledger, *range(200))
    park(second, ledger, 7, partition=1)

    near_and_far = values.fetch(0, {0: b"ann@t@0", 3: b"ann@t@3", 199: b"ann@t@199"})
    other = values.fetch(1, {0: b"ann@t@7"})

    assert sorted(stored.offset for stored in near_and_far.values()) == [0, 3, 199]
    assert other[b"ann@t@7"].value == b"event 7"
    assert values.misses == 0


def test_a_record_that_lies_elsewhere_is_found_by_its_key(
    ledger: Ledger, values: Values
) -> None:
    owner = ledger.opened()
    park(owner, ledger, 1, 2)
    park(owner, ledger, 1)
    wanted = {0: b"ann@t@2", 2: b"ann@t@1", 77: b"ann@t@5"}

    found = values.fetch(0, wanted)

    # Offset 0 is another event, 2 a marker, 77 beyond the end: the newest counts.
    assert {key: stored.offset for key, stored in found.items()} == {
        b"ann@t@1": 3,
        b"ann@t@2": 1,
    }
    assert values.misses == 3


def test_what_is_not_parked_any_more_is_left_out(
    ledger: Ledger, values: Values
) -> None:
    owner = ledger.opened()
    park(owner, ledger, 1)
    owner.write([ledger.park(b"ann@t@1", None)])

    assert values.fetch(0, {9: b"ann@t@1"}) == {}
    assert values.fetch(0, {2: b"ann@t@1"}) == {}


def test_a_record_of_an_aborted_transaction_is_never_taken(
    ledger: Ledger, values: Values
) -> None:
    with open_transaction(ledger, ledger.park(b"ann@t@1", b"aborted")) as stranger:
        stranger.abort_transaction(20)
    park(ledger.opened(), ledger, 1)

    found = values.fetch(0, {0: b"ann@t@1"})

    assert (found[b"ann@t@1"].offset, found[b"ann@t@1"].value) == (2, b"event 1")


def test_the_largest_event_comes_back_byte_for_byte(
    ledger: Ledger, values: Values
) -> None:
    owner = ledger.opened()
    large = bytes(range(256)) * 4 * 4096
    owner.write([ledger.park(b"ann@t@1", b"small"), ledger.park(b"ann@t@2", large)])

    found = values.fetch(0, {0: b"ann@t@1", 1: b"ann@t@2"})

    assert found[b"ann@t@2"].value == large
    assert len(large) == 4 * 1024 * 1024


def test_what_lies_behind_an_open_transaction_is_unavailable_until_it_is_over(
    ledger: Ledger,
) -> None:
    impatient = Values(ledger.kafka, ledger.retry, seconds_max=1.0)
    with open_transaction(ledger, ledger.park(b"bea@t@1", b"foreign")) as stranger:
        park(ledger.opened(), ledger, 1)

        with pytest.raises(LedgerUnavailable):
            impatient.fetch(0, {1: b"ann@t@1"})
        stranger.abort_transaction(20)
        found = impatient.fetch(0, {1: b"ann@t@1"})
    impatient.close()

    assert found[b"ann@t@1"].value == b"event 1"
