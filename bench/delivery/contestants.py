"""Who is measured: our worker, the same without its ledger, and pyrallel-consumer."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from bench.delivery import pyrallel
from events.topics import Topic, Topics

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
DESTINATION = "crm"
USER_REF_SECRET = "b7d3523f68f2a91c3b7d604e58a1c9e0"  # noqa: S105 -- lives as long as the run
CRM_TOKEN = "3f8e6b51d09c47a2b6e1f7d48a90c253"  # noqa: S105 -- as above
PARTITIONS = 12  # the default of KEEPSTEP_PARTITIONS
CALLS_IN_FLIGHT_MAX = 256


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


def ours(kafka: str, run: str) -> Contestant:
    """Return `python -m processors worker`; only its calls in flight are set."""
    module = ("-m", "processors", "worker", DESTINATION)
    return _worker("ours", f"bench-{run}-ours", module, kafka)


def without_ledger(kafka: str, run: str) -> Contestant:
    """Return the same worker, whose transactions are durable without being written."""
    module = ("-m", "bench.delivery.without_ledger", "worker", DESTINATION)
    worker = _worker("ours, no ledger", f"bench-{run}-bare", module, kafka)
    return replace(worker, metrics_port=None)


def peer(kafka: str, run: str) -> Contestant:
    """Install pyrallel-consumer, and return a worker that is written with it.

    Raises:
        Missing: There is no Python for it, or pip could not install it.
    """
    topics = Topics(f"bench-{run}-pyrallel", PARTITIONS)
    environ = {
        "PEER_KAFKA": kafka,
        "PEER_TOPIC": topics.events.name,
        "PEER_GROUP": topics.installation,
        "PEER_CALLS_IN_FLIGHT_MAX": str(CALLS_IN_FLIGHT_MAX),
    }
    command = (str(pyrallel.python()), str(HERE / "peers" / "pyrallel" / "app.py"))
    title = "pyrallel-consumer"
    return Contestant(
        title=title,
        command=command,
        environ=_clean() | environ,
        topics=topics,
        group=topics.installation,
        needed=(topics.events,),
    )


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
        command=(sys.executable, *module),
        environ=_clean() | environ,
        topics=topics,
        group=f"{installation}.{DESTINATION}",
        needed=topics.of_destination(DESTINATION),
        metrics_port=port,
    )


def _clean() -> dict[str, str]:
    """Return the environment without settings of an installation of this machine."""
    return {n: v for n, v in os.environ.items() if not n.startswith("KEEPSTEP_")}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
