"""The partition's own record: as it will be, and what is counted in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from processors.delivery.attempt import Attempt, Rules
from processors.delivery.brake import counted
from processors.delivery.durable import Durable
from processors.delivery.operations import Operation
from processors.delivery.records import Meta, Outcome, PutLink, PutMeta, Record


class OwnRecord:
    """Follows the record through operations that are not durable yet.

    Deactivations are counted with the operation that settles them, calls with the next
    transaction.
    """

    def __init__(self, rules: Rules, durable: Callable[[], Durable]) -> None:
        self._rules = rules
        self._durable = durable
        self._next: Meta | None = None
        self._unwritten = False  # calls were counted that are in no operation
        self._braking: set[int] = set()  # attempts that may deactivate a record

    @property
    def present(self) -> Meta:
        """The record once all that is on its way is durable."""
        return self._durable().meta if self._next is None else self._next

    def noted(self, operation: Operation, now: float) -> Operation:
        """Return *operation* with what is to be counted of it."""
        if _deactivates(operation.records):
            meta = counted(self.present, now)
            records = (*operation.records, PutMeta(meta))
            operation = Operation(records, operation.lanes)
        for record in operation.records:
            if isinstance(record, PutMeta):
                self._next = record.meta
        return operation

    def ended(self, attempt: Attempt, calls: int, now: float) -> None:
        """Note that *attempt* ended after so many calls."""
        self._braking.discard(id(attempt))
        if self._rules.spend is not None and calls:
            self._next = self._rules.spend.spent(self.present, calls, now)
            self._unwritten = True

    def unwritten(self) -> Operation | None:
        """Return what writes the calls that were counted since the last time."""
        if not self._unwritten:
            return None
        self._unwritten = False
        return Operation((PutMeta(self.present),))

    def calls_counted(self) -> dict[int, int]:
        """Return the calls that are durably counted, by stretch."""
        spend = self._rules.spend
        return {} if spend is None else spend.counts(self._durable().meta)

    def may_deactivate(self, attempt: Attempt, now: float) -> bool:
        """Whether *attempt* may deactivate a record: not in a mass of them.

        What an operator has confirmed may be, and what was promised once.
        """
        confirmed = attempt.events[0].offset <= attempt.link.confirmed
        if confirmed or id(attempt) in self._braking:
            return True
        links, under_way = len(self._durable().raw_links), len(self._braking)
        if not self._rules.brake.allows(self.present, links, under_way, now):
            return False
        self._braking.add(id(attempt))
        return True


def _deactivates(records: Sequence[Record]) -> bool:
    """Whether a record was deactivated or removed that nobody had confirmed.

    What was confirmed is no part of the mass that may yet come.
    """
    puts = [record for record in records if isinstance(record, PutLink)]
    confirmed = {put.user: put.link.confirmed for put in puts}
    return any(
        record.end.outcome in ("applied", "merged")
        and record.end.action in ("deactivated", "deleted")
        and record.event.offset > confirmed.get(record.event.user, -1)
        for record in records
        if isinstance(record, Outcome)
    )
