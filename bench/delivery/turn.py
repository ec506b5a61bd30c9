"""One worker, started anew, under the load of one scenario."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import inf
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.delivery import double, process, scrape
from bench.delivery.contestants import CRM_TOKEN, Contestant, Enter
from bench.delivery.double import Double
from bench.delivery.effects import Effects, Tally
from bench.delivery.offer import Offer
from bench.delivery.process import Running
from bench.delivery.progress import progress
from bench.delivery.scenario import Scenario
from bench.delivery.watch import Watch
from bench.ingest.stored import topics_made
from events.kafka import KafkaSettings

ASK_SECONDS = 0.25
STALLED_SECONDS_MAX = 60.0


@dataclass(frozen=True)
class Turn:
    """What one worker did with the events of one scenario, or with some of them."""

    effects: Effects
    seconds: float  # from the first call to the last answer
    cpu_seconds: float  # of the worker, until all was committed
    rss_mb_max: float
    foreign_cores: float  # busy with neither this nor the broker nor the CRM double
    reading: scrape.Reading | None = None  # of ours
    cut_off: bool = False  # before it was through

    @property
    def per_second(self) -> float:
        """Events that ended in a second.

        Of a turn that was cut off not more than the busiest user's pace allows, who
        decides when it is over: the others are through before.
        """
        rate = self.effects.ended / self.seconds
        return min(rate, self.effects.per_second_max) if self.cut_off else rate

    @property
    def cpu_ms_per_event(self) -> float:
        """CPU time of the worker for one event."""
        return 1000 * self.cpu_seconds / self.effects.ended

    @property
    def transactions_per_second(self) -> float | None:
        """The transactions in a second of the partition that has most."""
        if self.reading is None or not self.reading.transactions:
            return None
        most = max(self.reading.transactions.values())
        return max(0.0, most - 1) / self.seconds  # n of them are n - 1 intervals apart


@dataclass(frozen=True)
class Field:
    """One worker with topics of its own and a CRM double of its own."""

    kafka: KafkaSettings
    contestant: Contestant
    crm: Double
    directory: Path

    @contextmanager
    def worker(self) -> Iterator[Running]:
        """Have the worker run until the context ends."""
        environ = {
            **self.contestant.environ,
            "BENCH_CRM_URL": self.crm.url,
            "BENCH_CRM_TOKEN": CRM_TOKEN,
        }
        title, command = self.contestant.title, self.contestant.command
        with process.running(title, command, environ, self.directory) as worker:
            yield worker

    def feed(self, users: list[int], first: int = 0, per_second: float = inf) -> None:
        """Write an event of each of *users*; return when all are durable."""
        events = self.contestant.topics.events
        Offer(self.kafka, events, users, per_second, first).run()

    def wait(self, worker: Running, watch: Watch, seconds_max: float) -> bool:
        """Return when the events have ended and, where it commits, are committed.

        False where *seconds_max* passed before.

        Raises:
            NotWorking: The worker ended by itself, or did not get on.
        """
        topic, commits = self.contestant.topics.events, self.contestant.habits.commits
        group, began_at = self.contestant.group, time.monotonic()
        wanted = watch.tally.first + watch.tally.events
        with progress(self.kafka, group, topic) as committed:
            while True:
                worker.check()
                watch.take()
                if watch.tally.complete and (not commits or committed() == wanted):
                    return True
                if time.monotonic() - began_at > seconds_max:
                    return False
                if watch.quiet_seconds > STALLED_SECONDS_MAX:
                    left = watch.tally.events - watch.tally.ended
                    raise worker.failed(f"did not get on, {left} to do")
                time.sleep(ASK_SECONDS)


@contextmanager
def field(kafka: KafkaSettings, enter: Enter, delay_ms: int) -> Iterator[Field]:
    """Have topics and a CRM double for one worker until the context ends."""
    contestant = enter(kafka.bootstrap_servers, secrets.token_hex(3))
    with (
        TemporaryDirectory(prefix="bench-delivery-") as directory,
        topics_made(kafka, contestant.needed),
        double.running(delay_ms) as crm,
    ):
        yield Field(kafka, contestant, crm, Path(directory))


def turn(kafka: KafkaSettings, enter: Enter, scenario: Scenario) -> Turn:
    """Start a worker, warm it up, and measure it; it stops after.

    Raises:
        NotWorking: It ended by itself, or did not get on.
    """
    with field(kafka, enter, scenario.delay_ms) as made, made.worker() as worker:
        warm_up = scenario.warm_up(made.contestant.habits.warm_up_events)
        made.feed(warm_up)
        made.wait(worker, Watch(made.crm, Tally(warm_up)), inf)
        found = _measured(made, worker, scenario, len(warm_up))
        if found.cut_off:
            worker.kill()
        return found


def _measured(made: Field, worker: Running, scenario: Scenario, first: int) -> Turn:
    users, contestant = scenario.users(), made.contestant
    seconds_max = contestant.habits.seconds_max or scenario.seconds_max
    watch = Watch(made.crm, Tally(users, first))
    cpu_seconds, before = worker.cpu_seconds, _reading(contestant)
    foreign, started_at = process.foreign_cpu_seconds(), time.monotonic()
    made.feed(users, first, scenario.per_second)
    through = made.wait(worker, watch, seconds_max)
    foreign = process.foreign_cpu_seconds() - foreign
    foreign_cores = foreign / (time.monotonic() - started_at)
    cpu_seconds, after = worker.cpu_seconds - cpu_seconds, _reading(contestant)
    seen = watch.tally.effects()
    return Turn(
        effects=seen,
        seconds=seen.seconds + scenario.delay_ms / 1000,
        cpu_seconds=cpu_seconds,
        rss_mb_max=worker.rss_mb_max,
        foreign_cores=min(max(0.0, foreign_cores), os.cpu_count() or 1),
        reading=after.since(before) if after and before else None,
        cut_off=not through,
    )


def _reading(contestant: Contestant) -> scrape.Reading | None:
    port = contestant.metrics_port
    return None if port is None else scrape.read(port)
