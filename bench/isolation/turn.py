"""One worker, started anew, under an even load with or without users that fail."""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from bench.delivery import contestants, keys, process
from bench.delivery.contestants import CRM_TOKEN, Contestant
from bench.delivery.offer import Offer
from bench.delivery.process import Running
from bench.ingest.stored import topics_made
from bench.isolation import double
from bench.isolation.latency import latencies, percentile
from events.kafka import KafkaSettings

USERS = 10_000
FAILING_ONE_IN = 100
DELAY_MS = 20
WARM_UP_SECONDS = 3.0
START_SECONDS_MAX = 60.0
LATE_SECONDS_MAX = 120.0
ASK_SECONDS = 0.5


@dataclass(frozen=True)
class Turn:
    """What became of the events of the users that do not fail."""

    events: int
    per_second: float
    p50_ms: float
    p99_ms: float
    failed_calls: int
    behind_seconds: float  # how late events were offered, at worst
    foreign_cores: float  # busy with neither this nor the broker nor the CRM double


@contextlib.contextmanager
def started(worker: Contestant, crm_url: str) -> Iterator[Running]:
    """Run *worker* until the context ends; it serves its partitions by then.

    Raises:
        NotWorking: It ended by itself, or did not get so far.
    """
    environ = {
        **worker.environ,
        "BENCH_CRM_URL": crm_url,
        "BENCH_CRM_TOKEN": CRM_TOKEN,
    }
    with (
        TemporaryDirectory(prefix="bench-isolation-") as directory,
        process.running(
            worker.title, worker.command, environ, Path(directory)
        ) as running,
    ):
        wait_until_ready(running, worker.metrics_port)
        yield running


def wait_until_ready(running: Running, port: int | None) -> None:
    """Return when the worker serves its partitions.

    Raises:
        NotWorking: It ended by itself, or did not get so far.
    """
    deadline = time.monotonic() + START_SECONDS_MAX
    while not _ready(port):
        running.check()
        if time.monotonic() > deadline:
            raise running.failed("is not ready")
        time.sleep(ASK_SECONDS)


def _ready(port: int | None) -> bool:
    with contextlib.suppress(httpx.TransportError):
        url = f"http://127.0.0.1:{port}/readyz"
        return httpx.get(url, timeout=5.0, trust_env=False).is_success
    return False


def turn(
    kafka: KafkaSettings, events_per_second: float, events: int, *, failing: bool
) -> Turn:
    """Offer *events* at that rate, after some to warm up; one user in 100 may fail.

    Raises:
        NotWorking: The worker ended by itself, or did not get on.
    """
    worker = contestants.ours(kafka.bootstrap_servers, secrets.token_hex(3))
    warm_up = round(min(events / 4, WARM_UP_SECONDS * events_per_second))
    users = keys.uniform(USERS, warm_up + events)
    offer = Offer(kafka, worker.topics.events, users, events_per_second)
    one_in = FAILING_ONE_IN if failing else 0
    with (
        topics_made(kafka, worker.needed),
        double.running(DELAY_MS, one_in) as crm,
        started(worker, crm.url) as running,
    ):
        foreign, started_at = process.foreign_cpu_seconds(), time.monotonic()
        offer.run()
        found = _measured(running, crm, offer, warm_up)
        foreign_cores = (process.foreign_cpu_seconds() - foreign) / (
            time.monotonic() - started_at
        )
        failed = crm.seen().failed
    seconds, ordered = found
    return Turn(
        events=len(ordered),
        per_second=len(ordered) / seconds,
        p50_ms=1000 * percentile(ordered, 0.5),
        p99_ms=1000 * percentile(ordered, 0.99),
        failed_calls=failed,
        behind_seconds=offer.behind_seconds,
        foreign_cores=min(max(0.0, foreign_cores), os.cpu_count() or 1),
    )


def _measured(
    running: Running, crm: double.Double, offer: Offer, warm_up: int
) -> tuple[float, list[float]]:
    """Wait for the other users' events; return how long all took, and each."""
    users, at = offer.users[warm_up:], offer.at[warm_up:]
    wanted = sum(map(_is_other, users))
    deadline = time.monotonic() + LATE_SECONDS_MAX
    while time.monotonic() < deadline:
        running.check()
        calls = [call for call in crm.seen().calls if _is_other(_user(call.contact))]
        found = latencies(calls, users, at, warm_up)
        if len(found) == wanted:
            return calls[-1].at - at[0], found
        time.sleep(ASK_SECONDS)
    raise running.failed("did not get on")


def _user(contact: str) -> int:
    return int(contact.removeprefix("c_"))


def _is_other(user: int) -> bool:
    """Whether the user is one of those that never fail, in no turn."""
    return user % FAILING_ONE_IN != 0
