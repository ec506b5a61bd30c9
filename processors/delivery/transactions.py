"""Operations on their way into the ledger: in order, one transaction at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from processors.delivery.bounds import Bounds
from processors.delivery.operations import Operation
from processors.delivery.records import Record


@dataclass(frozen=True, slots=True)
class Batch:
    """Operations that become durable in one transaction."""

    operations: tuple[Operation, ...]

    @property
    def records(self) -> list[Record]:
        """All records, in order."""
        return [record for o in self.operations for record in o.records]


class Transactions:
    """The operations of one partition that are not durable yet."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._operations: deque[Operation] = deque()
        self._in_flight: Batch | None = None

    @property
    def in_flight(self) -> bool:
        """Whether the end of a transaction is awaited."""
        return self._in_flight is not None

    @property
    def waiting(self) -> bool:
        """Whether operations wait for a transaction."""
        return bool(self._operations)

    def add(self, operation: Operation) -> None:
        """Let *operation* become durable after all that were added before."""
        self._operations.append(operation)

    def extend(self, operations: Iterable[Operation]) -> None:
        """Add several operations, in order."""
        self._operations.extend(operations)

    def batch(self) -> Batch:
        """Begin a transaction of as many operations as the bounds allow, at least one.

        An operation is never divided: it is what must be durable together.
        """
        chosen = [self._operations.popleft()]
        records, size_bytes = len(chosen[0].records), chosen[0].size_bytes
        while self._operations:
            following = self._operations[0]
            records += len(following.records)
            size_bytes += following.size_bytes
            if (
                records > self._bounds.batch_records_max
                or size_bytes > self._bounds.batch_bytes_max
            ):
                break
            chosen.append(self._operations.popleft())
        self._in_flight = Batch(tuple(chosen))
        return self._in_flight

    def ended(self, batch: Batch) -> bool:
        """Note that *batch*'s transaction has ended; False: it was given up before."""
        if batch is not self._in_flight:
            return False
        self._in_flight = None
        return True

    def again(self, batch: Batch) -> None:
        """Let *batch*, which left no trace, be written before all others."""
        self._operations.extendleft(reversed(batch.operations))
