"""Drives one partition's core as `processors.partition` does, in virtual time."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from processors.delivery.commands import Command
from processors.delivery.lane import Waiting
from processors.delivery.lanes import Attempt
from processors.delivery.operations import Operation
from processors.delivery.partition import Batch, Loaded, Partition
from processors.delivery.records import Outcome, Written
from processors.delivery.verdict import NotMade, Verdict
from tests.simulator.broker import Committed
from tests.simulator.ledger import Ledger, Transaction
from tests.simulator.notes import Broken
from tests.simulator.tools import Tools

AGAIN_SECONDS, COMMIT_INTERVAL_SECONDS, COMMIT_SECONDS_MAX = 0.2, 0.08, 20.0


class Owned:
    """One owned partition."""

    def __init__(self, core: Partition, tools: Tools) -> None:
        self.core = core
        self.closed = False
        self.epoch = 0  # of the transactional producer
        self.in_flight: Batch | None = None
        self._tools = tools
        self._doing = False
        self._written_at = 0.0
        self._wake_at: float | None = None
        self._aborted: tuple[int, Sequence[Operation]] = (-1, ())

    @property
    def _ledger(self) -> Ledger:
        return self._tools.broker.ledgers[self.core.number]

    @property
    def is_owner(self) -> bool:
        """Whether nobody has fenced it, as the broker knows it."""
        return self.epoch == self._ledger.epoch

    # ---- what comes in

    def take(self, event: Waiting) -> None:
        """Take a message that Kafka delivered."""
        self.core.arrive(event, self._tools.clock.now)
        self.step()

    def order(self, command: Command) -> None:
        """Take an operator's command."""
        self.core.command(command, self._tools.clock.now)
        self.step()

    def assigned(self) -> None:
        """Begin to own the partition."""
        self.closed = False
        self.core.assigned()
        self.step()

    def drain(self) -> None:
        """Let what is in flight end."""
        self.core.drain()
        self.step()

    def lost(self) -> None:
        """Forget everything, and write nothing; connections are reset at once."""
        self.core.lost()
        self._close()
        self.step()

    # ---- what is wanted

    def step(self) -> None:
        """Ack what may be acked, and begin what is wanted next."""
        self._tools.touched(self)
        for offset in self.core.release():
            self._tools.acked(self.core.number, offset)
        if not self._doing:
            self._begin()
        self._set_timer()
        self._tools.changed()

    def _begin(self) -> None:
        match self.core.want():
            case "open":
                self._do(self._open)
            case "load":
                self._do(self._load)
            case "commit":
                self._do(self._commit)
            case "write":
                self._do(self._write)
            case "close":
                self.core.kept()
                self._close()
            case "nothing":
                if self.core.state == "free" and self.core.calls == 0:
                    self._close()
        missing = self.core.commands.missing(self.core.lanes)
        if missing is not None and not self._doing:
            self._do(lambda: self._fetch(missing))

    def _do(self, work: Callable[[], None]) -> None:
        self._doing = True
        work()

    def _done(self) -> None:
        self._doing = False
        self.step()

    def _close(self) -> None:
        if not self.closed:
            self.closed = True
            self._tools.closed()

    def _later(self) -> None:
        self._tools.process.after(AGAIN_SECONDS, self._done)

    def _open(self) -> None:
        """Fence whoever owned the partition before, once we may own it."""
        epoch = self.core.epoch
        if not self._tools.may_own():
            self._later()
            return

        def opened(producer: int) -> None:
            self.epoch = producer
            if (self.core.epoch, self.core.state) == (epoch, "fencing"):
                self.core.opened()
            self._done()

        process, ledger = self._tools.process, self._ledger
        self._tools.broker.ask(process, "open", ledger.open, opened)

    def _load(self) -> None:
        epoch, number = self.core.epoch, self.core.number

        def loaded(found: Loaded) -> None:
            if (self.core.epoch, self.core.state) == (epoch, "loading"):
                self.core.loaded(found)
                kind = "loaded" if self.core.to_commit is None else "loaded to commit"
                self._tools.notes(kind, partition=number)
            self._done()

        self._tools.reading.load(number, loaded)

    def _commit(self) -> None:
        epoch, offset, number = self.core.epoch, self.core.to_commit, self.core.number
        broker, producer = self._tools.broker, self.epoch

        def commit() -> bool:
            if producer != self._ledger.epoch:
                return False
            if offset is not None:
                broker.commit(number, offset)
            return True

        def committed(done: bool) -> None:  # noqa: FBT001 -- the broker's answer
            if not done:
                self.core.fenced()
            elif (self.core.epoch, self.core.state) == (epoch, "preparing"):
                self.core.committed()
            self._done()

        if offset is None:
            committed(done=True)
        else:
            broker.ask(self._tools.process, "commit", commit, committed)

    # ---- transactions

    def _write(self) -> None:
        """Write one transaction; those of a busy partition are some time apart."""
        now = self._tools.clock.now
        pause = self._written_at + COMMIT_INTERVAL_SECONDS - now
        if pause > 0 and self.core.state == "active":
            self._tools.process.after(pause, self._write_now)
        else:
            self._write_now()

    def _write_now(self) -> None:
        tools = self._tools
        if self.core.want() != "write":
            self._done()
            return
        if self.core.state == "preparing" and not tools.may_own():
            self._later()
            return
        self._written_at = tools.clock.now
        batch = self._batch()
        messages = tools.encoder.encode(self.core.number, batch.records)
        transaction = Transaction(batch.records, messages)
        fate, ledger, producer = tools.fate(), self._ledger, self.epoch

        def written(result: Written) -> None:
            wait = {"unknown": COMMIT_SECONDS_MAX, "aborted": AGAIN_SECONDS}
            seconds = wait.get(result, 0.0) * tools.random.random()
            tools.process.after(seconds, lambda: self._written(batch, result))

        def write() -> Written:
            return ledger.write(producer, transaction, fate)

        tools.broker.ask(tools.process, "write", write, written)

    def _batch(self) -> Batch:
        if self.in_flight is not None:
            raise Broken(f"I3: two transactions of partition {self.core.number}")
        batch = self.in_flight = self.core.batch()
        epoch, again = self._aborted
        if epoch == self.core.epoch:
            both = zip(batch.operations, again, strict=False)
            if any(one is not other for one, other in both):
                raise Broken("I3: what was aborted is not written before all others")
        self._aborted = -1, ()
        return batch

    def _written(self, batch: Batch, result: Written) -> None:
        core, tools = self.core, self._tools
        self.in_flight = None
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

    # ---- attempts

    def start(self, *, backlog: bool) -> bool:
        """Start the next attempt, of the *backlog* if there is any; False: none."""
        self._look_at_end()
        backlog = backlog and self.core.ready(self._tools.clock.now)[1]
        attempt = self.core.start(backlog=backlog)
        if attempt is None:
            return False

        core, number, tools = self.core, self.core.number, self._tools

        def end(verdict: Verdict) -> None:
            self._ended(attempt, verdict)

        def served() -> bool:
            return core.state == "active" and core.epoch == attempt.epoch

        def may_deactivate() -> bool:
            return core.own.may_deactivate(attempt, tools.clock.now)

        def make(gone: Waiting | None) -> None:
            if gone is None:
                tools.attempts.make(number, attempt, served, end, may_deactivate)
            else:
                self._gone(gone, attempt.epoch)
                end(NotMade())

        def begin() -> None:
            tools.reading.fill(number, attempt.events, make)

        tools.process.after(0.0, begin)
        return True

    def _ended(self, attempt: Attempt, verdict: Verdict) -> None:
        tools = self._tools
        self.core.ended(attempt, verdict, tools.clock.now, tools.random.random())
        tools.ended_call()
        self.step()

    def _gone(self, event: Waiting, epoch: int) -> None:
        """Read the ledger anew: another owner has ended the event."""
        current = self.core.epoch == epoch
        if self.is_owner and current and self.core.state in ("active", "draining"):
            raise Broken(f"the entry of {event.retry_key!r} is gone under its owner")
        self._tools.notes("an entry is gone", partition=self.core.number)
        if current:
            self.core.fenced()

    def _fetch(self, event: Waiting) -> None:
        """Fetch the body of the event that a command names."""
        epoch = self.core.epoch

        def filled(gone: Waiting | None) -> None:
            if gone is None:
                self.core.filled(self._tools.clock.now)
            else:
                self._gone(gone, epoch)
            self._done()

        self._tools.reading.fill(self.core.number, [event], filled)

    # ---- time

    def _set_timer(self) -> None:
        due_at = self.core.lanes.due_at() if self.core.state == "active" else None
        if due_at is None or (self._wake_at is not None and self._wake_at <= due_at):
            return
        self._wake_at = due_at
        seconds = max(due_at - self._tools.clock.now, 0.0)
        self._tools.process.after(seconds, self._wake)

    def _look_at_end(self) -> None:
        """The log is read to its end when what was appended last has arrived."""
        number, broker = self.core.number, self._tools.broker
        committed = broker.offsets.get(number, Committed()).offset or 0
        if max(self.core.intake.sequencer.newest + 1, committed) >= broker.topic.end(
            number
        ):
            self.core.end_read_at = self._tools.clock.now

    def _wake(self) -> None:
        self._wake_at = None
        self._look_at_end()
        self.core.wake(self._tools.clock.now)
        self.step()
