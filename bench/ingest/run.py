"""One comparison from start to end: servers up, rounds in turn, records counted."""

from __future__ import annotations

import contextlib
import functools
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.ingest import bodies, contestants, load, stored
from bench.ingest.contestants import TOKEN, Contestant
from bench.ingest.cores import Cores, busy_seconds, starting_on
from bench.ingest.figures import Figures, Round
from bench.ingest.load import Load
from bench.ingest.missing import Missing
from bench.ingest.server import Server, running
from events.kafka import KafkaSettings

Say = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """How long to measure, and whom besides."""

    rounds: int
    seconds: int
    warm_up_seconds: int
    batched_express: bool


@dataclass(frozen=True)
class Bench:
    """All that stays the same between rounds."""

    kafka: KafkaSettings
    cores: Cores
    bodies: Path

    servers: Sequence[Server]

    def round(self, server: Server, seconds: int) -> Round:
        """Put *server* under load for *seconds*; the others stand still."""
        [core] = self.cores.server
        with contextlib.ExitStack() as others:
            for other in self.servers:
                if other is not server:
                    others.enter_context(other.frozen())
            before, busy_before = server.cpu_seconds, busy_seconds(core)
            with starting_on(self.cores.others):
                posted = load.post(server.contestant.url, self.bodies, TOKEN, seconds)
            cpu = server.cpu_seconds - before
            busy = busy_seconds(core) - busy_before
        return Round(posted, cpu, max(0.0, busy - cpu) / (posted.duration_us / 1e6))


def compare(
    bootstrap_servers: str, cores: Cores, plan: Plan, say: Say
) -> dict[str, Figures]:
    """Return the figures of ours and of each peer that can run here, by name.

    All servers are up from the start and take turns, so that what else goes on in the
    machine hits all of them. Those whose turn it is not are frozen: idle ones were
    seen to take up to 3 % of the core each.

    Raises:
        NotWorking: A server did not start, or gave a wrong answer.
    """
    kafka = KafkaSettings(bootstrap_servers=bootstrap_servers, replication_factor=1)
    entered = _contestants(bootstrap_servers, plan, say)
    topics = [topic for c in entered for topic in c.written]
    with (
        TemporaryDirectory(prefix="bench-ingest-") as name,
        stored.topics_made(kafka, topics),
    ):
        directory = Path(name)
        made = bodies.write(directory / "bodies")
        with _running(entered, cores, directory, made[0]) as servers:
            bench = Bench(kafka, cores, directory / "bodies", servers)
            return _measure(bench, plan, say)


def _contestants(kafka: str, plan: Plan, say: Say) -> list[Contestant]:
    run = secrets.token_hex(3)
    entered = [contestants.ours(kafka, run)]
    express = functools.partial(contestants.express, kafka, run)
    peers: dict[str, Callable[[], Contestant]] = {
        "FastAPI + aiokafka": lambda: contestants.fastapi(kafka, run),
        "Express + kafkajs": lambda: express(batched=False),
    }
    if plan.batched_express:
        peers["Express, batching"] = lambda: express(batched=True)
    for title, enter in peers.items():
        try:
            entered.append(enter())
        except Missing as reason:
            say(f"{title} is left out: {reason}")
    return entered


@contextlib.contextmanager
def _running(
    entered: Sequence[Contestant], cores: Cores, directory: Path, body: bytes
) -> Iterator[list[Server]]:
    with contextlib.ExitStack() as stack:
        yield [
            stack.enter_context(running(c, cores.server, directory, body))
            for c in entered
        ]


def _measure(bench: Bench, plan: Plan, say: Say) -> dict[str, Figures]:
    warm_ups, rounds = {}, dict[str, list[Round]]()
    for server in bench.servers:
        say(f"warming up: {server.contestant.title}")
        warm_up = bench.round(server, plan.warm_up_seconds)
        warm_ups[server.contestant.name] = warm_up.load
    for number in range(1, plan.rounds + 1):
        for server in bench.servers:
            one = bench.round(server, plan.seconds)
            rounds.setdefault(server.contestant.name, []).append(one)
            say(
                f"round {number} of {plan.rounds}: {server.contestant.title}: "
                f"{one.load.per_second:,.0f} requests/s, "
                f"CPU {one.cpu_seconds_per_1000:.3f} s per 1,000, "
                f"{one.disturbed:.0%} of its core taken by others"
            )
    return {
        s.contestant.name: _figures(
            bench, s, warm_ups[s.contestant.name], rounds[s.contestant.name]
        )
        for s in bench.servers
    }


def _figures(
    bench: Bench, server: Server, warm_up: Load, rounds: Sequence[Round]
) -> Figures:
    loads = [warm_up, *(r.load for r in rounds)]
    return Figures(
        title=server.contestant.title,
        rounds=rounds,
        rss_mb_max=server.rss_mb_max,
        accepted=1 + sum(each.accepted for each in loads),  # 1 when it started
        refused_or_lost=sum(each.refused + each.lost for each in loads),
        records=stored.count(bench.kafka, server.contestant.topics.events),
    )
