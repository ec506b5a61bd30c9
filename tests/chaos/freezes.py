"""Busy workers frozen beyond their session while another takes over, then woken."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator

import msgspec

from tests.chaos.stage import SESSION_SECONDS, Stage
from tests.chaos.supervised import Worker
from tests.history.records import Line

WAIT_SECONDS_MAX = 60.0
_line = msgspec.json.Decoder(Line)


def freeze(times: int, stage: Stage, seed: int, say: Callable[[str], None]) -> int:
    """Freeze busy workers so many *times*; return how often."""
    chance = random.Random(seed)  # noqa: S311 -- no secret
    for number in range(1, times + 1):
        worker = chance.choice(stage.workers)
        seconds = _freeze(stage, worker, chance)
        say(f"{number}. {worker.name} was frozen for {seconds:.1f} s, and is back")
    return times


def _freeze(stage: Stage, worker: Worker, chance: random.Random) -> float:
    """Return for how long *worker* was frozen, when it owns partitions again."""
    _until(lambda: _is_busy(stage, worker), f"{worker.name} is not busy")
    time.sleep(chance.uniform(0.0, 0.3))  # any moment of a call
    worker.freeze()
    frozen_at = time.time()
    try:
        time.sleep(SESSION_SECONDS)  # how long it is frozen at least
        _until(lambda: _taken_over(stage, worker, frozen_at), "nobody took over")
        time.sleep(chance.uniform(0.0, 3.0))  # and by chance longer
    finally:
        woken_at = time.time()
        worker.wake()
    _until(lambda: _owns(stage, worker, woken_at), f"{worker.name} never came back")
    return woken_at - frozen_at


def _is_busy(stage: Stage, worker: Worker) -> bool:
    """Whether it has begun a call in the last moment."""
    latest = max((line.at for line in _lines(stage, worker, "start")), default=0.0)
    return latest > time.time() - 0.3


def _owns(stage: Stage, worker: Worker, since: float) -> bool:
    return any(line.at > since for line in _lines(stage, worker, "owner"))


def _taken_over(stage: Stage, frozen: Worker, since: float) -> bool:
    others = [worker for worker in stage.workers if worker is not frozen]
    return any(_owns(stage, worker, since) for worker in others)


def _lines(stage: Stage, worker: Worker, kind: str) -> Iterator[Line]:
    """Yield lines of the end of the worker's newest call log."""
    logs = stage.directory.glob(f"calls-{worker.name}-*.jsonl")
    newest = max(logs, key=lambda log: log.stat().st_mtime, default=None)
    if newest is None:
        return
    with newest.open("rb") as file:
        file.seek(max(0, newest.stat().st_size - 100_000))
        for raw in file.read().splitlines()[1:]:
            line = _line.decode(raw)
            if line.kind == kind:
                yield line


def _until(look: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while not look():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.1)
