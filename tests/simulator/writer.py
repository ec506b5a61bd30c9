"""The transactions of one owned partition as `processors.writer` makes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from processors.delivery.operations import Operation
from processors.delivery.partition import Batch, Partition
from processors.delivery.records import Outcome, Written
from tests.simulator.ledger import Ledger, Transaction
from tests.simulator.notes import Broken
from tests.simulator.tools import Tools

AGAIN_SECONDS, COMMIT_SECONDS_MAX = 0.2, 20.0


class Writer:
    """Writes what *core* wants written, and calls *done* when it may be asked again."""

    def __init__(self, core: Partition, tools: Tools, done: Callable[[], None]) -> None:
        self.epoch = 0  # of the transactional producer
        self.in_flight: Batch | None = None
        self._core = core
        self._tools = tools
        self._done = done
        self._aborted: tuple[int, Sequence[Operation]] = (-1, ())

    @property
    def ledger(self) -> Ledger:
        """What the broker holds of the partition."""
        return self._tools.broker.ledgers[self._core.number]

    def begin(self) -> None:
        """Write what is wanted, when its time has come."""
        number, now = self._core.number, self._tools.clock.now
        pause = self._tools.pace.pause_seconds(number, now)
        if pause > 0 and self._core.state == "active":
            self._tools.process.after(pause, self._write)
        else:
            self._write()

    def _write(self) -> None:
        core, tools = self._core, self._tools
        if core.want() != "write":
            self._done()
            return
        if core.state == "preparing" and not tools.may_own():
            tools.process.after(AGAIN_SECONDS, self._done)
            return
        tools.pace.began(core.number, tools.clock.now)
        batch = self._batch()
        messages = tools.encoder.encode(core.number, batch.records)
        transaction = Transaction(batch.records, messages)
        fate, ledger, producer = tools.fate(), self.ledger, self.epoch

        def written(result: Written) -> None:
            wait = {"unknown": COMMIT_SECONDS_MAX, "aborted": AGAIN_SECONDS}
            seconds = wait.get(result, 0.0) * tools.random.random()
            tools.process.after(seconds, lambda: self._written(batch, result))

        def write() -> Written:
            return ledger.write(producer, transaction, fate)

        tools.broker.ask(tools.process, "write", write, written)

    def _batch(self) -> Batch:
        if self.in_flight is not None:
            raise Broken(f"I3: two transactions of partition {self._core.number}")
        batch = self.in_flight = self._core.batch()
        epoch, again = self._aborted
        if epoch == self._core.epoch:
            both = zip(batch.operations, again, strict=False)
            if any(one is not other for one, other in both):
                raise Broken("I3: what was aborted is not written before all others")
        self._aborted = -1, ()
        return batch

    def _written(self, batch: Batch, result: Written) -> None:
        core, tools = self._core, self._tools
        self.in_flight = None
        tools.pace.ended(core.number, tools.clock.now)
        was, epoch = core.state, core.epoch
        tools.notes(f"transaction {result} while {was}", partition=core.number)
        core.written(batch, result, tools.clock.now)
        if result == "aborted":
            self._aborted = epoch, batch.operations
        if result == "durable":
            for record in batch.records:
                if isinstance(record, Outcome):
                    record.event.body = None
        if was != "active" and core.state == "active":
            tools.watch(core.number, core.durable.meta.commands + 1)
        self._done()
