"""How long a process had work to do and no core to do it on."""

from __future__ import annotations

from pathlib import Path

from tests.support.service import Service

NANOSECONDS = 1e9


def starved_seconds(service: Service) -> float:
    """Return how long its main thread has waited for a core, since it was started.

    A deadline of a few seconds is about the product, and not about what else a machine
    has to do: that many seconds more are given. (proc(5), schedstat; 0 where the kernel
    does not tell.)
    """
    told = Path(f"/proc/{service.pid}/schedstat")
    return int(told.read_text().split()[1]) / NANOSECONDS if told.exists() else 0.0
