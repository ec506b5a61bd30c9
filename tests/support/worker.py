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
SHIPPED = ROOT / "destinations"


class Worker(Service):
    """One `python -m processors worker crm`."""

    started = "worker.started"


GRACES = "deletion_grace_seconds = 0.5\nunmatched_grace_seconds = 0.0\n"


def hasty(directory: Path) -> str:
    """Copy the shipped destinations into *directory*, with a short call deadline.

    A deletion waits for half a second, a change of nobody not at all.
    """
    for shipped in SHIPPED.glob("*.toml"):
        text = shipped.read_text()
        assert "timeout_seconds = 10.0" in text
        short = text.replace("= 10.0", f"= {TIMEOUT_SECONDS}", 1)
        (directory / shipped.name).write_text(GRACES + short)
    return str(directory)


@contextmanager
def running_worker(
    bootstrap_servers: str, installation: str, **settings: str
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
        worker = Worker(["processors", "worker", "crm"], env, Path(directory))
        try:
            worker.start()
            yield worker
        finally:
            worker.close()
