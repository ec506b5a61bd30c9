"""One worker, started anew, under the load of one scenario."""

from __future__ import annotations

import os
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.delivery import double, process, scrape
from bench.delivery.bodies import bodies
from bench.delivery.contestants import CRM_TOKEN, Contestant
from bench.delivery.effects import Effects, effects
from bench.delivery.feed import feed, progress
from bench.delivery.process import Running
from bench.delivery.scenario import WARM_UP_EVENTS, Scenario
from events.kafka import KafkaSettings

ASK_SECONDS = 0.25
STALLED_SECONDS_MAX = 60.0


@dataclass(frozen=True)
class Turn:
    """What one worker did with the events of one scenario."""

    events: int
    effects: Effects
    seconds: float  # from the first call to the last answer
    cpu_seconds: float  # of the worker, until all was committed
    rss_mb_max: float
    foreign_cores: float  # busy with neither this nor the broker nor the CRM double
    reading: scrape.Reading | None  # of ours

    @property
    def per_second(self) -> float:
        """Events delivered in a second."""
        return self.events / self.seconds

    @property
    def cpu_ms_per_event(self) -> float:
        """CPU time of the worker for one event."""
        return 1000 * self.cpu_seconds / self.events

    @property
    def transactions_per_second(self) -> float | None:
        """The transactions in a second of the partition that has most."""
        if self.reading is None or not self.reading.transactions:
            return None
        most = max(self.reading.transactions.values())
        return max(0.0, most - 1) / self.seconds  # n of them are n - 1 intervals apart


@dataclass
class Field:
    """Where turns take place; counts what each worker was fed."""

    kafka: KafkaSettings
    fed: Counter[str] = field(default_factory=Counter)

    def turn(self, contestant: Contestant, scenario: Scenario) -> Turn:
        """Start *contestant*, warm it up, and measure it; it stops after.

        Raises:
            NotWorking: It ended by itself, or did not get on.
        """
        with (
            TemporaryDirectory(prefix="bench-delivery-") as directory,
            double.running(scenario.delay_ms) as crm,
        ):
            environ = {
                **contestant.environ,
                "BENCH_CRM_URL": crm.url,
                "BENCH_CRM_TOKEN": CRM_TOKEN,
            }
            command, title = contestant.command, contestant.title
            with process.running(title, command, environ, Path(directory)) as worker:
                return self._measure(contestant, scenario, worker, crm)

    def _measure(
        self,
        contestant: Contestant,
        scenario: Scenario,
        worker: Running,
        crm: double.Double,
    ) -> Turn:
        users = scenario.users()
        self._deliver(contestant, worker, users[:WARM_UP_EVENTS])
        first = self.fed[contestant.title]
        cpu_seconds, reading = worker.cpu_seconds, _reading(contestant)
        foreign, started = process.foreign_cpu_seconds(), time.monotonic()
        self._deliver(contestant, worker, users[WARM_UP_EVENTS:])
        foreign = process.foreign_cpu_seconds() - foreign
        foreign_cores = foreign / (time.monotonic() - started)
        cpu_seconds = worker.cpu_seconds - cpu_seconds
        after = _reading(contestant)
        seen = effects(crm.calls(), users[WARM_UP_EVENTS:], first)
        return Turn(
            events=scenario.events,
            effects=seen,
            seconds=seen.seconds + scenario.delay_ms / 1000,
            cpu_seconds=cpu_seconds,
            rss_mb_max=worker.rss_mb_max,
            foreign_cores=min(max(0.0, foreign_cores), os.cpu_count() or 1),
            reading=after.since(reading) if after and reading else None,
        )

    def _deliver(
        self, contestant: Contestant, worker: Running, users: list[int]
    ) -> None:
        """Feed an event of each of *users*; return when the group has committed all."""
        fed, title = self.fed, contestant.title
        topic = contestant.topics.events
        fed[title] += feed(self.kafka, topic, bodies(users, fed[title]))
        done, moved_at = -1, time.monotonic()
        with progress(self.kafka, contestant.group, topic) as count:
            while done < fed[title]:
                time.sleep(ASK_SECONDS)
                worker.check()
                before, done = done, count()
                if done > before:
                    moved_at = time.monotonic()
                elif time.monotonic() - moved_at > STALLED_SECONDS_MAX:
                    raise worker.failed(f"did not get on, {fed[title] - done} to do")


def _reading(contestant: Contestant) -> scrape.Reading | None:
    port = contestant.metrics_port
    return None if port is None else scrape.read(port)
