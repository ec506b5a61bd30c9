"""The destination goes away under load for minutes, and comes back."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from bench.delivery import contestants, keys
from bench.delivery.contestants import DESTINATION
from bench.delivery.effects import effects
from bench.delivery.offer import Offer
from bench.delivery.progress import progress
from bench.ingest.stored import count, topics_made
from bench.isolation import double
from bench.outage.figures import Figures
from bench.outage.worker import Samples, Worker, started
from events.kafka import KafkaSettings

Say = Callable[[str], None]
USERS = 1_000
DELAY_MS = 20
CALM_SECONDS = 30.0  # under the same load, before the destination goes away
ASK_SECONDS = 0.5
DRAIN_SECONDS_MAX = 1800.0


@dataclass(frozen=True)
class Plan:
    """How long the destination is away, and under which load."""

    minutes: float
    events_per_second: float


def measure(kafka: KafkaSettings, plan: Plan, say: Say) -> Figures:
    """Return what the outage did.

    Raises:
        NotWorking: The worker ended by itself, or did not get on afterwards.
    """
    contestant = contestants.ours(kafka.bootstrap_servers, secrets.token_hex(3))
    topics, rate = contestant.topics, plan.events_per_second
    calm = round(CALM_SECONDS * rate)
    users = keys.uniform(USERS, calm + round(plan.minutes * 60 * rate))
    with (
        topics_made(kafka, contestant.needed),
        double.running(DELAY_MS) as crm,
        started(contestant, crm.url) as worker,
        progress(kafka, contestant.group, topics.events) as done,
    ):
        before = Samples(worker, contestant.metrics_port)
        with before.taken():
            Offer(kafka, topics.events, users[:calm], rate).run()
        during = Samples(worker, contestant.metrics_port)
        crm.go_away()
        say(f"it refuses connections now, for {plan.minutes:g} minutes")
        with during.taken():
            Offer(kafka, topics.events, users[calm:], rate, first=calm).run()
        crm.come_back()
        say("it is back")
        back_at = time.monotonic()
        _drained(worker, done, len(users))
        drain_seconds = time.monotonic() - back_at
        return Figures(
            events=len(users),
            dead=count(kafka, topics.dead(DESTINATION)),
            parked=max(during.parked_max, count(kafka, topics.retry(DESTINATION))),
            rss_mb_before=before.rss_mb,
            rss_mb_during=during.rss_mb,
            effects=effects(crm.seen().calls, users, 0),
            drain_seconds=drain_seconds,
        )


def _drained(worker: Worker, done: Callable[[], int], events: int) -> None:
    deadline = time.monotonic() + DRAIN_SECONDS_MAX
    while done() < events:
        worker.check()
        if time.monotonic() > deadline:
            raise worker.failed(f"did not get on, {events - done()} to do")
        time.sleep(ASK_SECONDS)
