"""One life of a worker process, put together from its parts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from events.topics import Topics
from processors.delivery.commands import Command
from processors.delivery.lanes import Attempt
from processors.ledger.encode import Encoder
from processors.pace import Pace
from processors.refs import References
from tests.simulator.attempts import Attempts
from tests.simulator.broker import Broker
from tests.simulator.clock import Clock, Process
from tests.simulator.consumer import Consumer
from tests.simulator.crm import CALL_SECONDS_MAX, Crm
from tests.simulator.group import Group, Joined
from tests.simulator.ledger import Fate
from tests.simulator.member import Member
from tests.simulator.notes import Notes
from tests.simulator.orders import Orders
from tests.simulator.owned import Owned
from tests.simulator.partitions import Partitions
from tests.simulator.plan import PARTITIONS, Plan
from tests.simulator.reading import Reading
from tests.simulator.tools import Tools

COMMIT_SECONDS, COMMIT_INTERVAL_SECONDS = 1.0, 0.08
ENCODER = Encoder(
    Topics("sim", PARTITIONS), "crm", References("simulator-secret"), "sim"
)


@dataclass(frozen=True)
class Surroundings:
    """What every worker of a run shares."""

    clock: Clock
    random: Random
    plan: Plan
    notes: Notes
    broker: Broker
    group: Group
    crm: Crm
    fate: Callable[[], Fate]
    asked: Callable[[Process, str], None]
    acked: Callable[[int, int], None]
    took_effect: Callable[[int, Attempt], None]
    touched: Callable[[Owned], None]


class Worker:
    """One life of the worker *name*; `start` it once."""

    def __init__(self, around: Surroundings, name: str, process: Process) -> None:
        self.process = process
        self._around = around
        plan, broker = around.plan, around.broker
        own_name = name if plan.static else process.name
        self.member = Member(
            own_name, process, around.clock, broker, around.group, self
        )
        self.partitions = Partitions(
            process, plan, broker.topic.topic_id, self.may_call, self._room
        )
        self.consumer = Consumer(
            process, broker, self.partitions, plan.fetch_max, self.member.commit
        )
        self.orders = Orders(process, broker, self._order)
        self.partitions.tools = self._tools()

    def _tools(self) -> Tools:
        around, partitions, process = self._around, self.partitions, self.process
        attempts = Attempts(
            process,
            around.clock,
            around.crm,
            around.plan.correlation,
            around.notes,
            self.may_call,
            around.asked,
            around.took_effect,
        )
        return Tools(
            process=process,
            clock=around.clock,
            random=around.random,
            broker=around.broker,
            notes=around.notes,
            encoder=ENCODER,
            pace=Pace(COMMIT_INTERVAL_SECONDS),
            attempts=attempts,
            fate=around.fate,
            reading=Reading(process, around.broker, self._start_of),
            may_own=self.may_own,
            acked=self._acked,
            closed=partitions.closed,
            changed=partitions.changed,
            ended_call=partitions.ended_call,
            watch=self.orders.watch,
            touched=around.touched,
        )

    def start(self) -> None:
        """Begin to be a member."""
        self.member.join()
        self._commit()

    # ---- what its parts ask

    def may_own(self) -> bool:
        """Whether partitions may be opened and served."""
        return self.member.membership.holds(self._around.clock.now)

    def may_call(self) -> bool:
        """Whether a call that starts now ends while the partitions are surely ours."""
        now = self._around.clock.now
        return self.member.membership.holds(now, CALL_SECONDS_MAX)

    def _room(self) -> None:
        self.consumer.room()

    def _order(self, partition: int, command: Command) -> None:
        if partition in self.partitions.owned:
            self.partitions.owned[partition].order(command)

    def _start_of(self, partition: int) -> int:
        topic = self._around.broker.topic
        return topic.end(partition) if self._around.plan.start == "now" else 0

    def _acked(self, partition: int, offset: int) -> None:
        self._around.acked(partition, offset)
        self.consumer.ack(partition, offset)

    def _commit(self) -> None:
        self.consumer.commit_acked()
        self.process.after(COMMIT_SECONDS, self._commit)

    # ---- what the group says

    def assigned(self, joined: Joined) -> None:
        """Own the partitions of a generation."""
        self.partitions.assigned(joined.partitions)
        self.consumer.assigned(joined.partitions)

    def revoke(self, given: Callable[[], None], *, lost: bool) -> None:
        """Give all away, and say when that is done."""
        self.consumer.revoked()
        self.orders.drop()

        def commit() -> None:
            self.consumer.commit_acked(given)

        self.partitions.revoke(given if lost else commit, lost=lost)
