"""A state of the walk, and what it comes to when something happens in it."""

from __future__ import annotations

from processors.delivery.commands import CommandName
from processors.delivery.records import Written
from processors.delivery.verdict import (
    NeedsReview,
    NotMade,
    Rejected,
    RetryLater,
    Unavailable,
)
from tests.explorer.final import check_end
from tests.explorer.promises import promise
from tests.explorer.scenario import Scenario
from tests.explorer.worker import Worker
from tests.explorer.world import World

Choice = tuple[object, ...]  # what happens, and how
EFFECTS = ("with effect", "without effect")  # of a call whose answer nobody heard
LANDED = ("landed", "not landed")  # a transaction whose result nobody heard


class Play:
    """One state of the walk: world, workers, and the trouble that is left."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.left = scenario.trouble
        self.world = World(scenario)
        self.owner: Worker | None = None
        self.frozen: Worker | None = None  # a former owner that nobody has fenced yet
        self.late = False  # one that was, and is about to open the ledger again
        self.kept: Worker | None = None  # one that gave the partition away

    def do(self, choice: Choice) -> None:
        """Let *choice* happen."""
        name, *how = choice
        getattr(self, "_do_" + str(name).replace(" ", "_"))(*how)
        if self.owner is not None:
            self.owner.tidy(self.world)

    def _spend(self, name: str) -> None:
        self.left = self.left._replace(**{name: getattr(self.left, name) - 1})

    @property
    def _mine(self) -> Worker:
        assert self.owner is not None
        return self.owner

    def _do_assign(self) -> None:
        self.owner = Worker(self.world)
        self.owner.assigned(self.world)

    def _do_assign_kept(self) -> None:
        self.owner, self.kept = self.kept, None
        self._mine.assigned(self.world)

    def _do_open(self) -> None:
        self.world.producer += 1
        self._mine.producer = self.world.producer
        self._mine.core.opened()
        if self.frozen is not None:
            self._refuse()

    def _do_load(self) -> None:
        self._mine.core.loaded(self.world.loaded())
        self._mine.read_commands(self.world)

    def _do_commit(self) -> None:
        offset = self._mine.core.to_commit
        if offset is not None:
            self.world.commit(offset)
            self.world.asked = False
        self._mine.core.committed()

    def _do_write(self) -> None:
        self._mine.batch = self._mine.core.batch()

    def _do_close(self) -> None:
        worker = self._mine
        self.world.commit(worker.acked)
        self.owner = None
        if self.kept is None:
            worker.core.kept()
            self.kept = worker

    def _written(self, landed: str, result: Written) -> None:
        worker = self._mine
        batch, worker.batch = worker.batch, None
        assert batch is not None
        if landed == "landed":
            self.world.write(batch.records)
        worker.core.written(batch, result, self.world.clock)
        if worker.core.state == "free":
            self.owner = None

    def _do_durable(self) -> None:
        self._written("landed", "durable")

    def _do_fenced(self) -> None:
        self._written("not landed", "fenced")

    def _do_unknown(self, landed: str) -> None:
        self._spend("unknown")
        self._written(landed, "unknown")

    def _do_aborted(self) -> None:
        self._spend("aborts")
        self._written("not landed", "aborted")

    def _do_arrive(self) -> None:
        worker = self._mine
        event = self.world.message(worker.position)
        worker.position += 1
        worker.core.arrive(event, self.world.clock)

    def _do_room(self) -> None:
        self._spend("rooms")
        self._mine.core.make_room(self.world.clock)

    def _do_start(self) -> None:
        self._mine.start(self.world)

    def _do_answered(self) -> None:
        worker = self._mine
        self._effect(worker)
        worker.ended(self.world, worker.success())

    def _effect(self, worker: Worker) -> None:
        assert worker.attempt is not None
        self.world.call(worker.attempt.events, worker.sends)

    def _do_lost(self, effect: str, seconds: float) -> None:
        self._spend("lost")
        if effect == "with effect":
            self._effect(self._mine)
        self._mine.ended(self.world, RetryLater("no answer", seconds))

    def _do_away(self, effect: str) -> None:
        self._spend("away")
        if effect == "with effect":
            self._effect(self._mine)
            self._mine.ended(self.world, NotMade())
        else:
            self._mine.ended(self.world, Unavailable("unreachable", "refused"))

    def _do_refused(self, how: str) -> None:
        worker = self._mine
        assert worker.attempt is not None
        culprit = how == "for its last event"
        if culprit or len(worker.attempt.events) == 1:
            self._spend("refusals")
        last = worker.attempt.events[-1].offset if culprit else None
        worker.ended(self.world, Rejected("rejected", "HTTP 422", last))

    def _do_review(self) -> None:
        self._spend("reviews")
        losers = self._mine.losers()
        self._mine.ended(self.world, NeedsReview("unmatched", losers))

    def _do_wake(self) -> None:
        due_at = self._mine.core.lanes.due_at()
        assert due_at is not None
        self.world.clock = max(self.world.clock, due_at)
        self._mine.core.wake(self.world.clock)

    def _do_command(self) -> None:
        worker = self._mine
        command = self.world.commands[worker.next_command]
        worker.next_command += 1
        worker.core.command(command, self.world.clock)

    # ---- trouble

    def _stop(self, worker: Worker, effect: str, landed: str, commit: int) -> None:
        """Decide what had happened already when the process stopped."""
        if effect == "with effect":
            self._effect(worker)
        worker.landed = landed == "landed"
        if worker.landed:
            assert worker.batch is not None
            self.world.write(worker.batch.records)
        if commit >= 0 and commit != self.world.committed:
            self.world.commit(commit)
        self.owner = None

    def _do_crash(self, effect: str, landed: str, commit: int) -> None:
        self._spend("crashes")
        self._stop(self._mine, effect, landed, commit)

    def _do_freeze(self, effect: str, landed: str, commit: int) -> None:
        self._spend("freezes")
        self.frozen = self._mine
        self._stop(self.frozen, effect, landed, commit)
        if self.frozen.attempt is not None:
            verdict = self.frozen.success() if effect == "with effect" else NotMade()
            self.frozen.ended(self.world, verdict)
        if self.frozen.producer != self.world.producer:
            self._refuse()

    def _do_fence(self) -> None:
        self._spend("fences")
        self.world.producer += 1

    def _do_drain(self) -> None:
        self._spend("drains")
        self._mine.core.drain()

    def _do_rewind(self, offset: int, destination: str) -> None:
        self._spend("rewinds")
        self.world.rewind(offset, restore=destination == "restored")

    def _do_operate(self, order: CommandName, offset: int) -> None:
        self._spend("commands")
        self.world.order(order, offset)

    def _do_resume(self) -> None:
        self.world.order("resume", 0)

    # ---- a former owner that wakes

    def _do_hear(self) -> None:
        """It hears that it is not a member any more, and writes nothing."""
        assert self.frozen is not None
        self.frozen.core.lost()
        self.frozen = None

    def _do_woken_write(self) -> None:
        worker = self.frozen
        assert worker is not None
        batch = worker.batch or worker.core.batch()
        if not worker.landed:
            self.world.write(batch.records)
        worker.batch, worker.landed = None, False
        worker.core.written(batch, "durable", self.world.clock)

    def _refuse(self) -> None:
        """Let the frozen worker, now fenced, be refused whatever it writes.

        What it holds then has no effect any more, but that it may have been frozen
        between the look at its lease and the fence: it fences the right owner once.
        """
        worker, self.frozen = self.frozen, None
        assert worker is not None
        worker.core.fenced()
        promise(worker.core.want() in ("open", "nothing"), "who is fenced only fences")
        self.late = True

    def _do_woken_open(self) -> None:
        self.world.producer += 1
        self.late = False

    # ---- ends

    def check_end(self) -> None:
        """Check what must hold where nothing goes on by itself."""
        worker = self.owner
        promise(worker is not None, "somebody owns the partition")
        assert worker is not None
        promise(worker.core.state == "active", "the partition is served")
        promise(worker.position == self.world.end, "every message was taken")
        promise(worker.acked == self.world.end, "every message was acked")
        promise(worker.core.calls == 0, "no call is left")
        open_items = {"held", "review"}
        heads: set[bytes] = set()
        for offset in sorted(self.world.retry):
            user = self.scenario.events[offset].user
            if user not in heads:
                state = self.world.retry[offset].state
                promise(state in open_items, "what stays parked waits for a person")
            heads.add(user)
        promise(len(self.world.commands) == worker.next_command, "commands are read")
        done = self.world.meta.commands + 1 if self.world.meta else 0
        promise(len(self.world.commands) == done, "commands are carried out")
        check_end(self.world)
