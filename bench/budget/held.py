"""What a worker holds from moment to moment."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import httpx

from bench.budget.workers import Worker

SAMPLE_SECONDS = 5.0


@dataclass(frozen=True)
class Held:
    """What it held *seconds* after its start."""

    seconds: float
    rss_mb: float
    in_memory: int
    parked: int
    unacked: int


@contextmanager
def held(worker: Worker) -> Iterator[list[Held]]:
    """Look every few seconds as long as the block runs."""
    stop, found, begun = threading.Event(), list[Held](), time.monotonic()

    def run() -> None:
        while not stop.wait(SAMPLE_SECONDS):
            with suppress(httpx.TransportError):  # it has not begun to listen
                gauges = worker.gauges()
                found.append(
                    Held(
                        time.monotonic() - begun,
                        worker.rss_mb,
                        gauges["in_memory"],
                        gauges["parked"],
                        gauges["unacked"],
                    )
                )

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield found
    finally:
        stop.set()
        thread.join()
