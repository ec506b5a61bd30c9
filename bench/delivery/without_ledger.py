"""`python -m bench.delivery.without_ledger`: the worker with a ledger for nothing.

What an event's end changes is neither encoded nor written, and taken for durable at
once. All the rest is the product's, so the difference is what the ledger costs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import Future

from events.publisher import Message
from processors import __main__ as product
from processors.delivery.records import Outcome, Record
from processors.ledger.commits import Commits, Result
from processors.ledger.encode import Encoder

_encode, _write = Encoder.encode, Commits.write


def _encode_but_ends(
    self: Encoder, partition: int, records: Iterable[Record]
) -> list[Message]:
    known = list(records)
    if any(isinstance(record, Outcome) for record in known):
        return []
    return _encode(self, partition, known)


def _write_if_any(
    self: Commits, partition: int, messages: Sequence[Message]
) -> Future[Result]:
    if messages:
        return _write(self, partition, messages)
    durable = Future[Result]()
    durable.set_result("durable")
    return durable


if __name__ == "__main__":
    Encoder.encode = _encode_but_ends  # type: ignore[method-assign]  # what this is for
    Commits.write = _write_if_any  # type: ignore[method-assign]  # what this is for
    product.main()
