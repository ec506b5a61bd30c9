"""The real worker process, started as an operator starts it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support.service import ROOT, Service, shared_environment

RETRY_WAITS_SECONDS = "0.2,0.2"
# A call must end before the shortest session that a broker allows, 6 s.
TIMEOUT_SECONDS = 3.0
PATIENT = "timeout_seconds = 10.0"
HASTY = f"""\
timeout_seconds = {TIMEOUT_SECONDS}
deletion_grace_seconds = 0
unmatched_grace_seconds = 0"""
SHIPPED = ROOT / "destinations"


class Worker(Service):
    """One `python -m processors worker <destination>`."""

    started = "worker.started"


def hasty(directory: Path) -> str:
    """Copy the example CRM's file into *directory*: a short deadline, no graces."""
    text = (SHIPPED / "crm.toml").read_text()
    assert PATIENT in text
    (directory / "crm.toml").write_text(text.replace(PATIENT, HASTY, 1))
    return str(directory)


@contextmanager
def running_worker(
    bootstrap_servers: str,
    installation: str,
    destination: str = "crm",
    **settings: str,
) -> Iterator[Worker]:
    """Start a worker against topics that exist; *settings* are environment names."""
    env = shared_environment(bootstrap_servers, installation) | {
        "KEEPSTEP_WORKER_ADMIN_PORT": "0",
        "KEEPSTEP_WORKER_RETRY_WAITS_SECONDS": RETRY_WAITS_SECONDS,
        "KEEPSTEP_WORKER_SESSION_TIMEOUT_SECONDS": "6",
        **settings,
    }
    with TemporaryDirectory(prefix="worker-") as directory:
        env.setdefault("KEEPSTEP_WORKER_DESTINATIONS_DIR", hasty(Path(directory)))
        worker = Worker(["processors", "worker", destination], env, Path(directory))
        try:
            worker.start()
            yield worker
        finally:
            worker.close()
