"""A log full of old events, and live ones of other users that come behind them."""

from __future__ import annotations

import secrets
import time
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf

from bench.budget import double
from bench.budget.double import CALLS, PER_SECONDS, Double
from bench.budget.held import Held, held
from bench.budget.live import Live
from bench.budget.windows import Stretch, most_in_any, used
from bench.budget.workers import Group, Worker, group
from bench.delivery import contestants, keys
from bench.delivery.crm import Call
from bench.delivery.effects import effects
from bench.delivery.offer import Offer
from bench.delivery.progress import progress
from bench.ingest.stored import topics_made
from bench.isolation.latency import latencies
from events.kafka import KafkaSettings

Say = Callable[[str], None]
EVENTS_EACH = 5
LIVE_USERS = 120
LIVE_PER_SECOND = 2.0
LATE_SECONDS_MAX = 30.0  # for the last live event, once no more are published
REACHED_SECONDS_MAX = 600.0
YOUNG_SECONDS_MAX = 5.0
ASK_SECONDS = 0.5


@dataclass(frozen=True)
class Plan:
    """How many old events wait, and how long live ones are measured."""

    events: int = 100_000
    live_seconds: float = 120.0


@dataclass(frozen=True)
class Found:
    """What became of old and of live events."""

    plan: Plan
    reached_seconds: float  # from the worker's start to the log's end
    ages: Sequence[float]  # of the live events since then, in order; seconds
    calls: int  # for the backlog
    ended: int  # of the backlog, by those calls
    used: float  # of what was allowed, from the log's end on
    reordered: int
    most: int  # calls in any stretch of `PER_SECONDS`
    refused: int
    rss_mb_idle: float  # of a worker that has done little
    held: Sequence[Held]
    restart_seconds: float  # until one serves that finds all this parked
    rss_mb_restarted: float


def measure(kafka: KafkaSettings, plan: Plan, say: Say) -> Found:
    """Return what became of *plan*'s events; the backlog is not waited for.

    Raises:
        NotWorking: The worker ended by itself, or did not get to the log's end.
    """
    run = secrets.token_hex(3)
    contestant = contestants.ours(kafka.bootstrap_servers, run)
    topic = contestant.topics.events
    many = plan.events // EVENTS_EACH
    users = keys.uniform(many, plan.events)
    live_users = range(many, many + LIVE_USERS)
    live = Live(kafka, topic, live_users, len(live_users) + len(users), LIVE_PER_SECOND)
    with (
        topics_made(kafka, contestant.needed),
        progress(kafka, contestant.group, topic) as done,
        double.running() as crm,
        group(kafka.bootstrap_servers, run, crm.url) as workers,
    ):
        Offer(kafka, topic, live_users).run()
        rss_mb_idle = _linked(workers, done)
        Offer(kafka, topic, users, first=len(live_users)).run()
        say(f"{len(users):,} old events of {many:,} users wait")
        begun = time.monotonic()
        worker = workers.start("w")
        with held(worker) as samples, live.flowing():
            reached = _reached(worker, crm, live)
            say(f"the log's end was reached after {reached - begun:.0f} s")
            _pass(worker, reached + plan.live_seconds)
        _all_called(worker, crm, live)
        arrivals = list(crm.arrivals())
        restart_seconds, rss_mb_restarted = _restarted(workers, worker)
    taken = [Call(a.at, a.contact, a.event) for a in arrivals if a.taken]
    since = sum(at < reached for at in live.at)
    numbers = range(live.first + since, live.first + len(live.at))
    ages = latencies(
        taken, [live.user(n) for n in numbers], live.at[since:], numbers.start
    )
    lost = len(numbers) - len(ages)
    old = [call for call in taken if len(live_users) <= call.event < live.first]
    times = [arrival.at for arrival in arrivals]
    end = Stretch(reached, reached + plan.live_seconds)
    return Found(
        plan=plan,
        reached_seconds=reached - begun,
        ages=[*ages, *[inf] * lost],
        calls=len(old),
        ended=_ended(old, users, len(live_users)),
        used=used(times, [end], CALLS / PER_SECONDS),
        reordered=effects(taken, users, len(live_users)).reordered,
        most=most_in_any(times, PER_SECONDS),
        refused=len(arrivals) - len(taken),
        rss_mb_idle=rss_mb_idle,
        held=samples,
        restart_seconds=restart_seconds,
        rss_mb_restarted=rss_mb_restarted,
    )


def _linked(workers: Group, done: Callable[[], int]) -> float:
    """Let a worker see each live user once; return its memory then."""
    worker = workers.start("w")
    while done() < LIVE_USERS:
        worker.check()
        time.sleep(ASK_SECONDS)
    rss_mb = worker.rss_mb
    worker.stop()
    return rss_mb


def _restarted(workers: Group, worker: Worker) -> tuple[float, float]:
    """Stop the worker; return how long the next takes to serve, and its memory."""
    worker.stop()
    begun = time.monotonic()
    following = workers.start("w")
    following.wait_until_ready()
    return time.monotonic() - begun, following.rss_mb


def _reached(worker: Worker, crm: Double, live: Live) -> float:
    """Return when an event of every partition had been called while it was young.

    Before, each partition has been read to its end, and what piled up there is done.
    """
    deadline = time.monotonic() + REACHED_SECONDS_MAX
    while True:
        first = dict[int, float]()
        for arrival in crm.arrivals():
            if arrival.event in live.partitions:
                age_seconds = arrival.at - live.at[arrival.event - live.first]
                if age_seconds <= YOUNG_SECONDS_MAX:
                    first.setdefault(live.partitions[arrival.event], arrival.at)
        if len(first) == live.topic.partitions:
            return max(first.values())
        worker.check()
        if time.monotonic() > deadline:
            raise worker.failed("did not get to the end of the log")
        time.sleep(ASK_SECONDS)


def _pass(worker: Worker, until: float) -> None:
    while time.monotonic() < until:
        worker.check()
        time.sleep(ASK_SECONDS)


def _all_called(worker: Worker, crm: Double, live: Live) -> None:
    """Return when all live events were called, or are late beyond measure."""
    deadline = time.monotonic() + LATE_SECONDS_MAX
    newest = {f"c_{live.user(n)}": n for n in sorted(live.partitions)}
    while time.monotonic() < deadline:
        called = {a.contact: a.event for a in crm.arrivals() if a.taken}
        if called.items() >= newest.items():
            return
        worker.check()
        time.sleep(ASK_SECONDS)


def _ended(calls: Sequence[Call], users: Sequence[int], first: int) -> int:
    """Return for how many events *calls* stand: a later one's brings them, too."""
    waiting = defaultdict[str, deque[int]](deque)
    for number, user in enumerate(users, first):
        waiting[f"c_{user}"].append(number)
    ended = 0
    for call in calls:
        numbers = waiting[call.contact]
        while numbers and numbers[0] <= call.event:
            numbers.popleft()
            ended += 1
    return ended
