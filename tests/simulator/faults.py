"""What befalls workers, broker and destination, at random, until the run heals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from tests.simulator.broker import Broker
from tests.simulator.clock import Clock, Process
from tests.simulator.crm import Crm
from tests.simulator.fleet import Fleet
from tests.simulator.ledger import Fate
from tests.simulator.notes import Notes
from tests.simulator.operating import Operator
from tests.simulator.plan import PARTITIONS, Plan

# Requests before which a process may be stopped: those that only an owner may send.
AT_SEND = ("open", "write", "call")


@dataclass
class Faults:
    """Strikes as the plan says, each kind at its own random times."""

    clock: Clock
    random: Random
    plan: Plan
    notes: Notes
    broker: Broker
    crm: Crm
    fleet: Fleet
    operator: Operator
    healed: bool = False
    _freeze_at: str = ""

    def begin(self) -> None:
        """Plan the first of each kind."""
        for kind, every_seconds in self.plan.timed.items():
            self._plan(kind, every_seconds)

    def heal(self) -> None:
        """Strike no more; what was struck recovers."""
        self.healed = True
        self._freeze_at = ""
        self.broker.stalled_until = 0.0
        self.crm.heal()
        self.fleet.heal()
        self.operator.order_all("resume")

    def _plan(self, kind: str, every_seconds: float) -> None:
        def strike() -> None:
            if self.healed:
                return
            if not self.fleet.in_maintenance:
                self._strikes[kind]()
            self._plan(kind, every_seconds)

        self.clock.after(self.random.expovariate(1.0 / every_seconds), strike)

    @property
    def _strikes(self) -> dict[str, Callable[[], None]]:
        return {
            "kill": self._kill,
            "freeze_short": lambda: self._freeze(1.0, 9.0),
            "freeze_long": lambda: self._freeze(22.0, 60.0),
            "freeze_at_send": self._arm,
            "terminate": self._terminate,
            "stall": self._stall,
            "outage": lambda: self._away("outage"),
            "limited": lambda: self._away("limited"),
            "auth": lambda: self._away("auth"),
            "stranger": self._stranger,
            "command": self.operator.command,
            "pause": self.operator.pause,
            "reset": lambda: self.fleet.stop_all(self.operator.reset),
            "recreate": lambda: self.fleet.stop_all(self.operator.recreate),
            "expire": lambda: self.fleet.stop_all(self.operator.expire),
        }

    # ---- workers

    def _kill(self) -> None:
        worker = self.fleet.pick()
        if worker is not None:
            self.fleet.kill(worker.process)

    def _freeze(self, seconds_min: float, seconds_max: float) -> None:
        worker = self.fleet.pick()
        if worker is not None:
            seconds = self.random.uniform(seconds_min, seconds_max)
            self.fleet.freeze(worker.process, seconds)

    def _arm(self) -> None:
        self._freeze_at = self.random.choice(AT_SEND)

    def asked(self, process: Process, kind: str) -> None:
        """A process has decided to send a request, and not sent it yet."""
        if kind == self._freeze_at and not process.frozen:
            self._freeze_at = ""
            self.notes(f"frozen before {kind}")
            self.fleet.freeze(process, self.random.uniform(22.0, 60.0))

    def _terminate(self) -> None:
        worker = self.fleet.pick()
        if worker is not None:
            self.fleet.terminate(worker)

    # ---- the broker

    def _stall(self) -> None:
        seconds = self.random.choice((2.0, 8.0, 25.0))
        self.notes("stalled", seconds=seconds)
        self.broker.stalled_until = self.clock.now + seconds

    def _stranger(self) -> None:
        """Somebody opens a partition that is not his, as a worker that wakes does."""
        partition = self.random.randrange(PARTITIONS)
        self.notes("opened by a stranger", partition=partition)
        self.broker.ledgers[partition].open()

    def fate(self) -> Fate:
        """Return what befalls the next transaction."""
        if self._strikes_now("commit_timed_out"):
            return "timed out"
        if self._strikes_now("commit_aborted"):
            return "aborted"
        if self._strikes_now("commit_unknown"):
            fates: tuple[Fate, ...]
            fates = ("unknown durable", "unknown lost", "unknown prepared")
            return self.random.choice(fates)
        return "written"

    def _strikes_now(self, kind: str) -> bool:
        odds = self.plan.odds.get(kind, 0.0)
        return not self.healed and self.random.random() < odds

    # ---- the destination

    def _away(self, kind: str) -> None:
        self.notes(kind)
        seconds = self.random.uniform(2.0, 30.0)
        self.crm.away[kind] = self.clock.now + seconds
