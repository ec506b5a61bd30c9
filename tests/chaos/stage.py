"""Everything that a run needs, real and in processes of its own."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import msgspec

from events import admin
from events.kafka import KafkaSettings
from events.topics import Topics
from sandbox.kafka import Broker
from tests.chaos.notes import Faults
from tests.chaos.process import ROOT, Process, free_port
from tests.chaos.supervised import Worker

PARTITIONS = 12
SESSION_SECONDS = 6
CALL_SECONDS_MAX = 2
# The longest of them is spent in the retry topic, not in memory.
RETRY_WAITS_SECONDS = ",".join(["0.2", "0.5", *["3"] * 40])


@dataclass(frozen=True)
class Plan:
    """What a run is to be like."""

    seed: int = 0
    events_per_second: float = 330.0
    deletions: float = 0.01
    on_deleted: str = "deactivate"
    end_seconds_max: float = 60.0


@dataclass(frozen=True)
class Stage:
    """The running parts."""

    directory: Path
    kafka: KafkaSettings
    topics: Topics
    broker: Broker
    crm_url: str
    sender: Process
    workers: list[Worker]
    faults: Faults

    def stop_sending(self) -> dict[str, Any]:
        """Return what was offered, when all of it is acknowledged."""
        code = self.sender.stop()
        assert code == 0, f"the sender ended with {code}"
        said: dict[str, Any] = msgspec.json.decode(
            (self.directory / "sender.json").read_bytes()
        )
        return said


@contextlib.contextmanager
def running(directory: Path, plan: Plan) -> Iterator[Stage]:
    """Start everything, the sender last; stop it all at the end."""
    (directory / "logs").mkdir(parents=True)
    with contextlib.ExitStack() as parts:
        broker = parts.enter_context(Broker())
        kafka = KafkaSettings(
            bootstrap_servers=broker.bootstrap_servers, replication_factor=1
        )
        topics = Topics("chaos", PARTITIONS)
        admin.create(kafka, topics.all_of(["crm"]))
        faults = Faults(directory)
        env = _environment(broker, directory)
        crm, crm_url = _crm(directory, plan, env)
        ingest, webhook_url, token = _ingest(directory, env)
        for process in (crm, ingest):
            process.start()
            parts.callback(process.stop)
            process.wait_until_ready()
        workers = _workers(directory, plan, env | {"KEEPSTEP_CRM_URL": crm_url}, faults)
        parts.callback(_end, workers)
        for worker in workers:
            worker.up()
        told = [webhook_url, token, str(directory), str(plan.events_per_second)]
        told += [str(plan.seed), str(plan.deletions)]
        log = directory / "logs" / "sender.log"
        sender = Process(["tests.chaos.sender", *told], env, log, webhook_url)
        sender.start()
        parts.callback(sender.stop)
        yield Stage(directory, kafka, topics, broker, crm_url, sender, workers, faults)


def _end(workers: list[Worker]) -> None:
    for worker in workers:
        worker.end()
    for worker in workers:
        worker.close()


def _environment(broker: Broker, directory: Path) -> dict[str, str]:
    inherited = {n: v for n, v in os.environ.items() if not n.startswith("KEEPSTEP_")}
    return inherited | {
        "KEEPSTEP_INSTALLATION": "chaos",
        "KEEPSTEP_PARTITIONS": str(PARTITIONS),
        "KEEPSTEP_USER_REF_SECRET": secrets.token_hex(16),
        "KEEPSTEP_KAFKA_BOOTSTRAP_SERVERS": broker.bootstrap_servers,
        "KEEPSTEP_KAFKA_REPLICATION_FACTOR": "1",
    }


def _crm(directory: Path, plan: Plan, env: dict[str, str]) -> tuple[Process, str]:
    url = f"http://127.0.0.1:{(port := free_port())}"
    told = ["tests.chaos.crm", str(port), str(plan.seed), str(directory)]
    log = directory / "logs" / "crm.log"
    return Process(told, env, log, f"{url}/readyz"), url


def _ingest(directory: Path, env: dict[str, str]) -> tuple[Process, str, str]:
    port, admin_port, token = free_port(), free_port(), secrets.token_hex(16)
    env = env | {
        "KEEPSTEP_INGEST_PORT": str(port),
        "KEEPSTEP_INGEST_ADMIN_PORT": str(admin_port),
        "KEEPSTEP_INGEST_BEARER_TOKENS": token,
    }
    ready_url = f"http://127.0.0.1:{admin_port}/readyz"
    log = directory / "logs" / "ingest.log"
    process = Process(["ingest"], env, log, ready_url)
    return process, f"http://127.0.0.1:{port}/webhooks/auth0", token


def _workers(
    directory: Path, plan: Plan, env: dict[str, str], faults: Faults
) -> list[Worker]:
    """Return three workers; two of them keep their place in the group at a restart."""
    env = env | {
        "KEEPSTEP_CRM_TOKEN": secrets.token_hex(16),
        "KEEPSTEP_WORKER_DESTINATIONS_DIR": str(_destinations(directory, plan)),
        "KEEPSTEP_WORKER_RETRY_WAITS_SECONDS": RETRY_WAITS_SECONDS,
        "KEEPSTEP_WORKER_SESSION_TIMEOUT_SECONDS": str(SESSION_SECONDS),
        "KEEPSTEP_WORKER_EARLY_TRY_SECONDS_MIN": "2",
    }
    return [
        Worker("w1", env | {"KEEPSTEP_WORKER_ID": "w1"}, directory, faults),
        Worker("w2", env | {"KEEPSTEP_WORKER_ID": "w2"}, directory, faults),
        Worker("w3", env, directory, faults),
    ]


# What the stand-in CRM serves within the deadline, also on a machine that is busy.
LIMITS = """rates = [{calls = 2000, per_seconds = 1}]
concurrency = 48"""
GRACES = """deletion_grace_seconds = 2.0
unmatched_grace_seconds = 2.0
deactivations_per_hour_max = 1_000_000
"""


def _destinations(directory: Path, plan: Plan) -> Path:
    """Write the shipped destination file, only faster, into a folder of its own."""
    text = (ROOT / "destinations" / "crm.toml").read_text()
    for shipped, ours in {
        "rates = [{calls = 50, per_seconds = 1}]": LIMITS,
        "timeout_seconds = 10.0": f"timeout_seconds = {CALL_SECONDS_MAX}.0",
        'deleted = "deactivate"': f'deleted = "{plan.on_deleted}"',
    }.items():
        assert shipped in text
        text = text.replace(shipped, ours)
    text = GRACES + text
    folder = directory / "destinations"
    folder.mkdir()
    (folder / "crm.toml").write_text(text)
    return folder


def begin_outage(stage: Stage, kind: str, seconds: float) -> None:
    """Put the whole CRM at fault for some time."""
    stage.faults.note(f"crm_{kind}")
    parameters = {"kind": kind, "seconds": str(seconds)}
    url = f"{stage.crm_url}/outage"
    httpx.post(url, params=parameters, trust_env=False).raise_for_status()
