"""Drives one partition's core as `processors.partition` does, in virtual time."""

from __future__ import annotations

from collections.abc import Callable

from processors.delivery.commands import Command
from processors.delivery.lane import Waiting
from processors.delivery.lanes import Attempt
from processors.delivery.partition import Loaded, Partition
from processors.delivery.verdict import NotMade, Verdict
from tests.simulator.broker import Committed
from tests.simulator.notes import Broken
from tests.simulator.tools import Tools
from tests.simulator.writer import AGAIN_SECONDS, Writer


class Owned:
    """One owned partition."""

    def __init__(self, core: Partition, tools: Tools) -> None:
        self.core = core
        self.closed = False
        self.writer = Writer(core, tools, self._done)
        self._tools = tools
        self._doing = False
        self._wake_at: float | None = None

    @property
    def is_owner(self) -> bool:
        """Whether nobody has fenced it, as the broker knows it."""
        return self.writer.epoch == self.writer.ledger.epoch

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
                self._do(self.writer.begin)
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

    def _open(self) -> None:
        """Fence whoever owned the partition before, once we may own it."""
        epoch = self.core.epoch
        if not self._tools.may_own():
            self._tools.process.after(AGAIN_SECONDS, self._done)
            return

        def opened(producer: int) -> None:
            self.writer.epoch = producer
            if (self.core.epoch, self.core.state) == (epoch, "fencing"):
                self.core.opened()
            self._done()

        process, ledger = self._tools.process, self.writer.ledger
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
        broker, producer = self._tools.broker, self.writer.epoch

        def commit() -> bool:
            if producer != self.writer.ledger.epoch:
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
