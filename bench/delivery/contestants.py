"""Who is measured: our worker, the same without its ledger; peers are in `rivals`."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from bench.delivery import environments
from events.topics import Topic, Topics

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
DESTINATION = "crm"
USER_REF_SECRET = "b7d3523f68f2a91c3b7d604e58a1c9e0"  # noqa: S105 -- lives as long as the run
CRM_TOKEN = "3f8e6b51d09c47a2b6e1f7d48a90c253"  # noqa: S105 -- as above
PARTITIONS = 12  # the default of KEEPSTEP_PARTITIONS
CALLS_IN_FLIGHT_MAX = 256
SECONDS_MAX = 600.0


@dataclass(frozen=True)
class Habits:
    """What one must know of a worker to measure it."""

    key_ordered: bool = True  # a user's events in order
    commits: bool = True
    warm_up_events: int = 1_000
    killed_events: int = 10_000  # given when it is killed in the middle of them
    seconds_max: float | None = None  # its turns are cut off then


@dataclass(frozen=True)
class Contestant:
    """One worker: how it is started, and which topic and group it reads with."""

    title: str
    command: tuple[str, ...]
    environ: Mapping[str, str]
    topics: Topics
    group: str
    needed: tuple[Topic, ...]
    metrics_port: int | None = None  # of those whose ledger is real
    habits: Habits = Habits()


Enter = Callable[[str, str], Contestant]  # for a broker, under a name of its own


def ours(kafka: str, run: str) -> Contestant:
    """Return `python -m processors worker`; only its calls in flight are set."""
    module = ("-m", "processors", "worker", DESTINATION)
    return _worker("ours", f"bench-{run}-ours", module, kafka)


def without_ledger(kafka: str, run: str) -> Contestant:
    """Return the same worker, whose transactions are durable without being written."""
    module = ("-m", "bench.delivery.without_ledger", "worker", DESTINATION)
    worker = _worker("ours, no ledger", f"bench-{run}-bare", module, kafka)
    return replace(worker, metrics_port=None)


def _worker(
    title: str, installation: str, module: tuple[str, ...], kafka: str
) -> Contestant:
    topics, port = Topics(installation, PARTITIONS), _free_port()
    environ = {
        "KEEPSTEP_INSTALLATION": installation,
        "KEEPSTEP_PARTITIONS": str(PARTITIONS),
        "KEEPSTEP_USER_REF_SECRET": USER_REF_SECRET,
        "KEEPSTEP_KAFKA_BOOTSTRAP_SERVERS": kafka,
        "KEEPSTEP_KAFKA_REPLICATION_FACTOR": "1",
        "KEEPSTEP_WORKER_ADMIN_PORT": str(port),
        "KEEPSTEP_WORKER_DESTINATIONS_DIR": str(HERE / "destinations"),
        "KEEPSTEP_WORKER_CALLS_IN_FLIGHT_MAX": str(CALLS_IN_FLIGHT_MAX),
        "PYTHONPATH": str(ROOT),
    }
    return Contestant(
        title=title,
        command=(str(environments.of_ours()), *module),
        environ=clean_environ() | environ,
        topics=topics,
        group=f"{installation}.{DESTINATION}",
        needed=topics.of_destination(DESTINATION),
        metrics_port=port,
        habits=Habits(seconds_max=SECONDS_MAX),  # it is never cut off
    )


def clean_environ() -> dict[str, str]:
    """Return the environment without settings of an installation of this machine."""
    return {n: v for n, v in os.environ.items() if not n.startswith("KEEPSTEP_")}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
