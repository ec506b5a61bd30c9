"""One partition of a destination: from being assigned to being given away.

Values in, wanted actions out. Whoever drives it owns Kafka, the network and the clock:
it asks `want`, does that, and says what came of it.
"""

from __future__ import annotations

from processors.delivery.commands import Command, Commands
from processors.delivery.durable import Durable
from processors.delivery.intake import Intake
from processors.delivery.lane import Waiting
from processors.delivery.lanes import Attempt, Lanes, Rules
from processors.delivery.life import State, Want, wanted
from processors.delivery.link import Link
from processors.delivery.loading import Loaded, in_order, prepare
from processors.delivery.operations import Operation
from processors.delivery.own_record import OwnRecord
from processors.delivery.records import (
    Meta,
    Outcome,
    Park,
    PutOwner,
    Written,
)
from processors.delivery.room import leaving
from processors.delivery.transactions import Batch, Transactions
from processors.delivery.verdict import Verdict

ROOM_SECONDS = 0.1

__all__ = ["Batch", "Loaded", "Partition", "State", "Want"]


class Partition:
    """The state machine of one partition; every change is a transaction first.

    `number` is the partition's, `topic_id` the source topic's whole id. Times are
    epoch seconds, always passed in.
    """

    def __init__(self, number: int, topic_id: str, rules: Rules) -> None:
        self.number = number
        self.topic_id = topic_id
        self.topic_ref = topic_id[:8]
        self.rules = rules
        self.state: State = "free"
        self.epoch = 0
        self.calls = 0
        self.reachable = True  # whether the gate is open: the driver keeps it so
        self.end_read_at = 0.0  # when the log was last seen to be read to its end
        self._now = 0.0
        self._room_at = 0.0  # when to look for room again
        self.intake = Intake()
        self._distrust()

    def _distrust(self) -> None:
        """Forget everything but the messages that are not acked."""
        self.epoch += 1
        self.durable = Durable(self.topic_ref, {}, Meta())
        self._transactions = Transactions(self.rules.bounds)
        self._parked: list[Waiting] = []
        self._to_commit: int | None = None
        self._probing = False
        self.own = OwnRecord(self.rules, self._is_durable)
        self._new_lanes()

    def _new_lanes(self) -> None:
        self.lanes = Lanes(self.rules, self._link, self._operate, self._read_until)
        self.commands = Commands()

    def _link(self, user: bytes) -> Link:
        return self.durable.link(user)

    def _is_durable(self) -> Durable:
        return self.durable

    def _operate(self, operation: Operation) -> None:
        self._transactions.add(self.own.noted(operation, self._now))

    # ---- life

    def assigned(self) -> None:
        """Begin to own the partition; what was kept is believed if the probe passes."""
        if self.state == "kept":
            self.state = "preparing"
            self._probe()
        elif self.state == "free":
            self.state = "fencing"

    def want(self) -> Want:
        """Return what shall be done next; `nothing` while something is awaited."""
        return wanted(
            self.state,
            in_flight=self._transactions.in_flight,
            waiting=self._transactions.waiting,
            calling=self.calls > 0,
        )

    def opened(self) -> None:
        """Former owners are fenced; what they wrote can be read now."""
        self.state = "loading"

    def loaded(self, found: Loaded) -> None:
        """Take in what is durable, and undo what an operator wants to run again."""
        self._distrust()
        prepared = prepare(found, self.topic_id)
        self.durable, self._parked = prepared.durable, prepared.parked
        self._to_commit = prepared.to_commit
        self._transactions.extend(prepared.operations)
        self.state = "preparing"

    @property
    def to_commit(self) -> int | None:
        """The offset to be committed with our mark before serving, if any."""
        return self._to_commit

    def committed(self) -> None:
        """`to_commit` is committed, or there was none: see whether we may serve."""
        self._to_commit = None
        self._probe()

    def _probe(self) -> None:
        self._probing = True
        self._operate(Operation((PutOwner(),)))

    def _serve(self, now: float) -> None:
        self.state, self._probing = "active", False
        self.lanes.restore(self._parked, now)
        self._parked = []
        for event in self.intake.again():
            self._arrived(event, now)

    def fenced(self) -> None:
        """Another owner opened the partition, or a commit's result is unknown.

        That does not mean that the partition is lost: a frozen former owner that wakes
        fences the right one. Calls in flight end first; then it is fenced and loaded
        again, and the log tells what became durable.
        """
        if self.state in ("draining", "kept"):
            self.lost()
        elif self.state != "free":
            self.state = "fencing"
            self._distrust()

    def drain(self) -> None:
        """Start no call any more; what is in flight may end, and be written."""
        if self.state == "active":
            self.state = "draining"
            self.lanes.draining = True
        elif self.state != "draining":
            self.lost()

    def kept(self) -> None:
        """All is written: keep what is durable in case the partition comes back."""
        self.epoch += 1
        parked = [event for lane in self.lanes for event in lane.events if event.entry]
        self._parked = in_order(parked, self.topic_ref)
        self.intake.forget()
        self._new_lanes()
        self.state = "kept"

    def lost(self) -> None:
        """Not the owner any more: forget everything, write nothing."""
        self.state = "free"
        self.intake.forget()
        self._distrust()

    # ---- messages

    def arrive(self, event: Waiting, now: float) -> None:
        """Take a message that Kafka delivered, in the order of the log."""
        self.intake.arrive(event, now, self.rules.bounds.backlog_after_seconds)
        if self.state in ("active", "draining"):
            self._arrived(event, now)
        else:
            self.intake.memory.add(event)

    def _arrived(self, event: Waiting, now: float) -> None:
        if self.intake.passes(event, self.durable):
            self.lanes.add(event, now)
            if self.intake.sequencer.distance > self.rules.bounds.distance_max:
                self._park_oldest(now)

    def _park_oldest(self, now: float) -> None:
        """Park the lane that holds the acks back, unless it is at work."""
        if self._is_halted:
            return
        event = self.intake.oldest()
        lane = self.lanes.get(event.user) if event else None
        if lane is not None and lane.busy == "no" and event in lane.in_memory:
            self.lanes.park(lane, now, "held the others back")

    def make_room(self, now: float) -> bool:
        """Park backlog that only waits for its turn; return whether there was any.

        So what comes behind it can be read: for a driver whose memory is full. It may
        be asked often; after a look in vain it looks again only after a while.
        """
        busy = self._transactions.waiting or self._transactions.in_flight
        if busy or self._is_halted or self.state != "active" or now < self._room_at:
            return False
        before = self.intake.sequencer.newest - self.rules.bounds.distance_max
        found = leaving(self.intake.memory, self.lanes, now, before)
        if not found:
            self._room_at = now + ROOM_SECONDS
        for lane in found:
            self.lanes.make_room(lane, now)
        return bool(found)

    @property
    def _is_halted(self) -> bool:
        """Whether a fault of the whole destination, or a pause, stops everything.

        Then nothing is parked: that would copy the log, and the log is where it is
        safe.
        """
        return not self.reachable or self.durable.meta.paused

    def release(self) -> list[int]:
        """Return the offsets that may be acked now, in order."""
        return self.intake.release()

    @property
    def full(self) -> bool:
        """Whether no more messages should come for now."""
        return self.intake.memory.exceeds(self.rules.bounds)

    def _read_until(self) -> float:
        """Return up to when all that was published has been read, epoch seconds."""
        return max(self.intake.newest_at, self.end_read_at)

    # ---- attempts

    def ready(self, now: float) -> tuple[bool, bool]:
        """Whether an attempt could start of a live lane, and of the backlog."""
        return self.lanes.ready(now) if self._serves else (False, False)

    @property
    def _serves(self) -> bool:
        return self.state == "active" and not self.durable.meta.paused

    def start(self, *, backlog: bool = False) -> Attempt | None:
        """Return the next attempt to make, if there is one and no pause.

        Live lanes go first, unless one of the *backlog*, where one is ready, is wanted.
        """
        if not self._serves:
            return None
        attempt = self.lanes.start(self.epoch, backlog=backlog)
        if attempt is not None:
            self.calls += 1
        return attempt

    def ended(
        self,
        attempt: Attempt,
        verdict: Verdict,
        now: float,
        chance: float,
        calls: int = 0,
    ) -> None:
        """Take in how *attempt* ended; one from before a fence is not believed."""
        self.calls -= 1
        if attempt.epoch == self.epoch:
            self._now = now
            self.lanes.ended(attempt, verdict, now, chance)
            self.own.ended(attempt, calls, now)
            self._carry_out(now)

    def wake(self, now: float) -> None:
        """Let what is due at *now* become ready."""
        if self.state == "active":
            self.lanes.wake(now)

    # ---- commands

    def command(self, command: Command, now: float) -> None:
        """Take a command, in its topic's order; it waits for its lane to be idle."""
        self.commands.add(command)
        self._carry_out(now)

    def _carry_out(self, now: float) -> None:
        if self.state != "active":
            return
        operation = self.commands.next(self.lanes, self.durable, now, self.own.present)
        if operation is not None:
            self._operate(operation)

    def filled(self, now: float) -> None:
        """The body that a command needs has been fetched."""
        self._carry_out(now)

    # ---- transactions

    def batch(self) -> Batch:
        """Return what goes into the next transaction; `want` has said `write`."""
        counted = self.own.unwritten()
        if counted is not None:
            self._operate(counted)
        return self._transactions.batch()

    def written(self, batch: Batch, result: Written, now: float) -> None:
        """Take in what came of *batch*'s transaction."""
        if not self._transactions.ended(batch):
            return  # of before a fence, or of a partition given away since
        match result:
            case "durable":
                self._durable(batch, now)
            case "aborted":
                self._transactions.again(batch)
            case "fenced" | "unknown":
                # Never guess, and never abort: fence and load, the log tells.
                self.fenced()

    def _durable(self, batch: Batch, now: float) -> None:
        for operation in batch.operations:
            self._apply(operation, now)
        if self._probing and not self._transactions.waiting:
            self._serve(now)
        self._carry_out(now)

    def _apply(self, operation: Operation, now: float) -> None:
        gone = set()
        for record in operation.records:
            match record:
                case Outcome(event=event):
                    gone.add(event)
                    self.intake.left(event)
                case Park(event=event):
                    self.intake.left(event)
        self.durable.apply(operation.records)
        self.commands.durable(operation)
        for lane in operation.lanes:
            self.lanes.durable(lane, frozenset(gone), now)
