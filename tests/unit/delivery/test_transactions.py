"""Operations on their way into the ledger: a plain object."""

from __future__ import annotations

from processors.delivery.bounds import Bounds
from processors.delivery.lane import Entry
from processors.delivery.operations import RECORD_BYTES, Operation
from processors.delivery.records import Meta, Park, PutMeta, Unpark
from processors.delivery.transactions import Transactions
from tests.support.core import an_event


def operations(count: int) -> list[Operation]:
    return [Operation((PutMeta(Meta(start=n)),)) for n in range(count)]


def test_operations_become_durable_together_in_their_order() -> None:
    transactions, found = Transactions(Bounds()), operations(3)
    assert not transactions.waiting
    transactions.add(found[0])
    transactions.extend(found[1:])
    assert transactions.waiting
    assert not transactions.in_flight

    batch = transactions.batch()

    assert batch.operations == tuple(found)
    assert batch.records == [PutMeta(Meta(start=n)) for n in range(3)]
    assert transactions.in_flight
    assert not transactions.waiting
    assert transactions.ended(batch)
    assert not transactions.in_flight


def test_a_batch_holds_at_most_so_many_records() -> None:
    transactions = Transactions(Bounds(batch_records_max=2))
    transactions.extend(operations(3))

    assert len(transactions.batch().operations) == 2
    assert transactions.waiting


def test_a_batch_holds_at_most_so_many_bytes() -> None:
    room = 2 * RECORD_BYTES
    for bytes_max, expected in ((room, 2), (room - 1, 1)):
        transactions = Transactions(Bounds(batch_bytes_max=bytes_max))
        transactions.extend(operations(3))

        assert len(transactions.batch().operations) == expected


def test_an_operation_is_never_divided_and_always_gets_its_turn() -> None:
    event = an_event(1)
    large = Operation((Park(event, Entry()), Unpark(event), Unpark(event)))
    transactions = Transactions(Bounds(batch_records_max=2, batch_bytes_max=1))
    transactions.extend([large, *operations(1)])

    assert transactions.batch().operations == (large,)


def test_what_left_no_trace_is_written_again_before_all_others() -> None:
    transactions, found = Transactions(Bounds()), operations(3)
    transactions.extend(found[:2])
    batch = transactions.batch()
    transactions.add(found[2])

    assert transactions.ended(batch)
    transactions.again(batch)

    assert transactions.batch().operations == tuple(found)


def test_a_batch_that_was_given_up_is_not_the_one_in_flight() -> None:
    transactions = Transactions(Bounds())
    transactions.extend(operations(1))
    old = transactions.batch()
    transactions.again(old)
    new = transactions.batch()

    assert not transactions.ended(old)
    assert transactions.in_flight
    assert transactions.ended(new)
    assert not transactions.ended(new)
