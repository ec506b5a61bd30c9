"""Two workers at one limit with work for both; a third joins, and one leaves."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.budget import double
from bench.budget.crm import Arrival
from bench.budget.double import CALLS, PER_SECONDS, Double
from bench.budget.rebalances import steps
from bench.budget.windows import Stretch, most_in_any, stop, used
from bench.budget.workers import Group, Worker, group
from bench.delivery import contestants
from bench.delivery.crm import Call
from bench.delivery.effects import Effects, effects
from bench.delivery.offer import Offer
from bench.delivery.progress import progress
from bench.ingest.stored import topics_made
from events.kafka import KafkaSettings

Say = Callable[[str], None]
EVENTS_EACH = 5
SETTLE_SECONDS = 2.0  # from the last one's start on, before anything is measured
ASK_SECONDS = 0.5
DONE_SECONDS_MAX = 600.0
STAYS, GOES, COMES = "b", "a", "c"  # the workers' names


@dataclass(frozen=True)
class Plan:
    """How many users have `EVENTS_EACH` events that wait, and how long a phase is.

    As many come once more as the third worker joins.
    """

    users: int = 2_000
    phase_seconds: float = 45.0


@dataclass(frozen=True)
class Found:
    """What the calls of the fleet came to."""

    events: int
    effects: Effects
    used: Sequence[float]  # of what was allowed: with two workers, three, two again
    stops: Sequence[Stretch]  # as the third joined, and as the first left
    most: int  # calls in any stretch of `PER_SECONDS`
    refused: int


def measure(kafka: KafkaSettings, plan: Plan, say: Say) -> Found:
    """Return what the fleet did with the work of *plan*.

    Raises:
        NotWorking: A worker ended by itself, or there was too little work.
    """
    run = secrets.token_hex(3)
    contestant = contestants.ours(kafka.bootstrap_servers, run)
    events = contestant.topics.events
    users = list(range(plan.users)) * EVENTS_EACH
    with (
        topics_made(kafka, contestant.needed),
        progress(kafka, contestant.group, events) as done,
        double.running() as crm,
        group(kafka.bootstrap_servers, run, crm.url) as workers,
    ):
        Offer(kafka, events, users).run()
        phases = _Phases(crm, workers, plan, say)
        steady = phases.steady()
        Offer(kafka, events, users, first=len(users)).run()
        joined, left = phases.joined(), phases.left()
        phases.wait_for(lambda: done() >= 2 * len(users))
        rebalanced = list(steps(workers.logs()))
        return _found(crm.arrivals(), rebalanced, users * 2, (steady, joined, left))


def _found(
    arrivals: Sequence[Arrival],
    rebalanced: Sequence[float],
    users: Sequence[int],
    phases: tuple[Stretch, Stretch, Stretch],
) -> Found:
    steady, joined, left = phases
    times = [arrival.at for arrival in arrivals]
    stops = stop(arrivals, rebalanced, joined), stop(arrivals, rebalanced, left)
    around = ([steady], joined.without(stops[0]), left.without(stops[1]))
    taken = [Call(a.at, a.contact, a.event) for a in arrivals if a.taken]
    return Found(
        events=len(users),
        effects=effects(taken, users, 0),
        used=tuple(used(times, part, CALLS / PER_SECONDS) for part in around),
        stops=stops,
        most=most_in_any(times, PER_SECONDS),
        refused=len(arrivals) - len(taken),
    )


class _Phases:
    """What is done to the fleet, and when."""

    def __init__(self, crm: Double, workers: Group, plan: Plan, say: Say) -> None:
        self._crm, self._group, self._plan, self._say = crm, workers, plan, say
        self._workers: list[Worker] = []

    def steady(self) -> Stretch:
        """Run two workers for a while; return when."""
        self._workers = [self._group.start(name) for name in (GOES, STAYS)]
        self._until_all_call(time.monotonic(), (GOES, STAYS))
        begin = time.monotonic() + SETTLE_SECONDS
        return self._passed(begin, self._plan.phase_seconds)

    def joined(self) -> Stretch:
        """Let a third worker join."""
        self._say("a third worker joins")
        begin = time.monotonic()
        self._workers.append(self._group.start(COMES))
        self._until_all_call(begin, (COMES,))
        return self._passed(begin, self._plan.phase_seconds)

    def left(self) -> Stretch:
        """Let the first worker leave."""
        self._say("the first one leaves")
        begin = time.monotonic()
        self._workers.pop(0).stop()
        return self._passed(begin, self._plan.phase_seconds)

    def _passed(self, begin: float, seconds: float) -> Stretch:
        """Return when so many seconds have passed from now on."""
        end = max(begin, time.monotonic()) + seconds
        self.wait_for(lambda: time.monotonic() >= end)
        for worker in self._workers:
            if not worker.gauges()["lanes"]:
                raise worker.failed("had too little work")
        return Stretch(begin, end)

    def _until_all_call(self, since: float, names: Sequence[str]) -> None:
        def called() -> bool:
            found = {a.worker for a in self._crm.arrivals() if a.at >= since}
            return found.issuperset(names)

        self.wait_for(called)

    def wait_for(self, condition: Callable[[], bool]) -> None:
        """Return when *condition* holds.

        Raises:
            NotWorking: A worker ended by itself, or it took too long.
        """
        deadline = time.monotonic() + DONE_SECONDS_MAX
        while not condition():
            for worker in self._workers:
                worker.check()
            if time.monotonic() > deadline:
                raise self._workers[0].failed("did not get on")
            time.sleep(ASK_SECONDS)
