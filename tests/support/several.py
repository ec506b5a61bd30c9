"""The whole system with several workers, whose destination takes what it gets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.support.pipeline import Pipeline, running_pipeline
from tests.support.worker import Worker, hasty, running_worker

STOP_SECONDS_MAX = 25.0
SLOW, QUICK = "calls = 50,", "calls = 2000,"


def quick(directory: Path) -> str:
    """Copy the shipped destinations into *directory*, at 2,000 calls a second."""
    found = Path(hasty(directory)) / "crm.toml"
    assert SLOW in found.read_text()
    found.write_text(found.read_text().replace(SLOW, QUICK))
    return str(directory)


def with_rate(directory: Path, rate: str, *more: str) -> str:
    """Copy the CRM's file into *directory*, with another rate, and *more* limits."""
    found = Path(hasty(directory)) / "crm.toml"
    text = found.read_text()
    slow = next(line for line in text.splitlines() if SLOW in line)
    found.write_text(text.replace(slow, "\n".join((f"rates = [{rate}]", *more))))
    return str(directory)


@contextmanager
def running_workers(
    kafka: str, installation: str, directory: Path, workers: int, **settings: str
) -> Iterator[tuple[Pipeline, list[Worker]]]:
    """Run everything until the block ends; the first worker is the pipeline's."""
    told = {"KEEPSTEP_WORKER_DESTINATIONS_DIR": quick(directory)} | settings
    with (
        running_pipeline(kafka, installation, directory, **told) as pipeline,
        ExitStack() as others,
    ):
        told |= {
            "KEEPSTEP_CRM_URL": pipeline.crm.base_url,
            "KEEPSTEP_CRM_TOKEN": pipeline.crm.token,
        }
        more = [
            others.enter_context(running_worker(kafka, installation, **told))
            for _ in range(workers - 1)
        ]
        yield pipeline, [pipeline.worker, *more]


def stop(worker: Worker) -> None:
    """Tell it to stop; it must do so in order and in time."""
    worker.terminate()
    assert worker.wait(STOP_SECONDS_MAX) == 0
