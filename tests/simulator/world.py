"""One run: everything of it, from its seed to its end."""

from __future__ import annotations

import traceback
from collections import Counter
from dataclasses import dataclass
from random import Random

from processors.delivery.lanes import Attempt
from processors.ledger.decode import arrived
from tests.simulator import invariants
from tests.simulator.attempts import item
from tests.simulator.broker import Broker, Watcher, origin_of
from tests.simulator.clock import Clock, Process
from tests.simulator.crm import Crm
from tests.simulator.faults import Faults
from tests.simulator.fleet import Fleet
from tests.simulator.group import Group
from tests.simulator.history import History, Source
from tests.simulator.ledger import Fate, Transaction
from tests.simulator.notes import Broken, Notes
from tests.simulator.operating import Operator
from tests.simulator.owned import Owned
from tests.simulator.plan import Plan, draw, seeded
from tests.simulator.promises import check_end, unrest
from tests.simulator.topic import Stored
from tests.simulator.traffic import Traffic
from tests.simulator.transactions import Check
from tests.simulator.users import email
from tests.simulator.worker import Surroundings

LOOK_SECONDS = 5.0
REST_SECONDS_MAX = 1_000.0
ROUNDS = 2  # in which operators look after open items at the end


class World(Watcher):
    """Puts the parts of a run together, and checks after every step."""

    def __init__(self, plan: Plan, *, trace: bool = False) -> None:
        self.plan = plan
        self.clock = Clock()
        self.notes = Notes(self.clock, trace=trace)
        self.history = History()
        self.random = random = seeded(f"world {plan.seed}")
        self.broker = Broker(self.clock, random, self)
        self.history.topic_ref = self.broker.topic.topic_id[:8]
        self.group = Group(self.clock, random, self.broker, self.notes)
        self.crm = Crm(self.clock, random, plan, self.notes)
        for number, records in plan.known.items():
            for _ in range(records):
                self.crm.add({"email": email(number)})
        self.fleet = Fleet(self._surroundings(random), random)
        self.operator = Operator(
            self.clock, random, self.notes, self.broker, self.crm, self.history
        )
        self.faults = Faults(
            self.clock,
            random,
            plan,
            self.notes,
            self.broker,
            self.crm,
            self.fleet,
            self.operator,
        )
        self.traffic = Traffic(self.clock, random, plan, self.broker)
        self._touched: dict[int, Owned] = {}

    def _surroundings(self, random: Random) -> Surroundings:
        return Surroundings(
            clock=self.clock,
            random=random,
            plan=self.plan,
            notes=self.notes,
            broker=self.broker,
            group=self.group,
            crm=self.crm,
            fate=self._fate,
            asked=self.asked,
            acked=self.history.acked,
            took_effect=self._took_effect,
            touched=self._touch,
        )

    # ---- a run

    def run(self) -> None:
        """Run to the end.

        Raises:
            Broken: A promise does not hold.
        """
        self.fleet.look()
        self.group.look()
        self.traffic.begin()
        self.faults.begin()
        self._run_for(self.plan.seconds)
        self.faults.heal()
        for _ in range(ROUNDS):
            self._rest()
            if not self.operator.settle_open_items():
                break
        self._rest()
        check_end(self)

    def _rest(self) -> None:
        until = self.clock.now + REST_SECONDS_MAX
        while left := unrest(self):
            if self.clock.now > until:
                raise Broken(f"S4: no rest: {left}")
            self.traffic.send_one()
            self._run_for(LOOK_SECONDS * self.random.uniform(0.5, 1.5))

    def _run_for(self, seconds: float) -> None:
        until = self.clock.now + seconds
        while self.clock.now < until:
            self.clock.step()
            if self._touched:
                self._check()

    def _check(self) -> None:
        touched, self._touched = self._touched, {}
        for owned in touched.values():
            ledger = self.broker.ledgers[owned.core.number]
            invariants.check(owned, ledger, self.plan.fetch_max)

    def _touch(self, owned: Owned) -> None:
        self._touched[id(owned)] = owned

    # ---- what the parts tell

    def appended(self, partition: int, stored: Stored) -> None:
        """A message is in the source topic."""
        origin = origin_of(partition, stored)
        topic_ref = self.broker.topic.topic_id[:8]
        own = self.broker.placing.is_right(origin)
        event = arrived(origin, topic_ref, own=own)
        found = None if event.unattempted else item(origin, self.plan.correlation)
        place = topic_ref, partition, stored.offset
        self.history.add(Source(*place, event.user, self.clock.now, found))
        self.notes("appended", user=event.user, partition=partition, at=stored.offset)
        for worker in self.fleet.alive:
            worker.consumer.appended(partition)

    def ordered(self, partition: int) -> None:
        """A command is in the commands topic."""
        for worker in self.fleet.alive:
            worker.orders.ordered(partition)

    def applied(self, partition: int, transaction: Transaction) -> None:
        """A transaction is committed."""
        check = Check(self.history, self.notes, partition)
        check.take(transaction.records, self.clock.now)

    def committed(self, partition: int, before: int, offset: int) -> None:
        """A worker has committed the group's offset."""
        self.history.rewinds.pop(partition, None)
        for stored in self.broker.topic.read(partition, before, 1_000):
            if stored.offset >= offset:
                break
            self.history.acked(partition, stored.offset)

    def _fate(self) -> Fate:
        return self.faults.fate()

    def asked(self, process: Process, kind: str) -> None:
        """A process is about to send a request."""
        self.faults.asked(process, kind)

    def _took_effect(self, partition: int, attempt: Attempt) -> None:
        events = [self.history.of(partition, event) for event in attempt.events]
        lane = self.history.lanes[partition, attempt.lane.user]
        self.history.effect(lane, events)


@dataclass(frozen=True)
class Result:
    """What came of one run; `failure` is empty where every promise held."""

    seed: int
    failure: str
    counts: Counter[str]


def run(seed: int, *, trace: bool = False) -> Result:
    """Run *seed*; the same seed does the same in every process."""
    world = World(draw(seed), trace=trace)
    failure = ""
    try:
        world.run()
    except Broken as broken:
        failure = str(broken)
    except Exception:  # noqa: BLE001 -- a bug anywhere is a finding
        failure = traceback.format_exc()
    if failure:
        failure = f"at {world.clock.seconds:.3f} s: {failure}"
    return Result(seed, failure, world.notes.counts)
