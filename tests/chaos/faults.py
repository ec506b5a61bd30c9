"""What is done to the running system, each with the time that it takes.

A sleep in here is how long a fault lasts, never a guess at when something is done.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import NamedTuple

from tests.chaos.fault_points import STEPS
from tests.chaos.stage import SESSION_SECONDS, Stage, begin_outage
from tests.chaos.supervised import Worker

TOGGLE_SECONDS = 30.0
BROKER_PAUSE_SECONDS = 20.0
READY_SECONDS_MAX = 40.0
LOOK_SECONDS = 0.1


class Fault(NamedTuple):
    """One kind of fault, how often it is chosen, and about how long it takes."""

    name: str
    weight: int
    seconds: float
    inflict: Callable[[Stage, random.Random], str]


def _kill(stage: Stage, chance: random.Random) -> str:
    worker = chance.choice(stage.workers)
    worker.kill()
    return worker.name


def _kill_at_a_step(stage: Stage, chance: random.Random) -> str:
    worker = chance.choice(stage.workers)
    point = f"{chance.choice(STEPS)}:{chance.randint(1, 40)}"
    happened = worker.kill_at(point)
    return f"{worker.name} at {point}" + ("" if happened else ", not reached")


def _term(stage: Stage, chance: random.Random) -> str:
    worker = chance.choice(stage.workers)
    worker.restart()
    return worker.name


def _freeze(stage: Stage, chance: random.Random) -> str:
    worker = chance.choice(stage.workers)
    seconds = SESSION_SECONDS + chance.uniform(2.0, 6.0)
    worker.freeze()
    try:
        time.sleep(seconds)
    finally:
        worker.wake()
    return f"{worker.name} for {seconds:.1f} s"


def _rolling_restart(stage: Stage, _: random.Random) -> str:
    for worker in stage.workers:
        worker.restart()
        until_ready(worker)
    return "all three"


def _toggle(stage: Stage, chance: random.Random) -> str:
    worker = chance.choice(stage.workers)
    seconds = chance.choice((1.0, 3.0))  # the longer one lets it take partitions
    for number in range(int(TOGGLE_SECONDS / seconds)):
        worker.down() if number % 2 == 0 else worker.up()
        time.sleep(seconds)
    worker.up()
    return f"{worker.name} every {seconds:.0f} s for {TOGGLE_SECONDS:.0f} s"


def _restart_broker(stage: Stage, chance: random.Random) -> str:
    stage.faults.note("broker_restart")
    hard = chance.random() < 0.5
    stage.broker.kill() if hard else stage.broker.halt()
    stage.broker.start()
    return "killed" if hard else "in order"


def _pause_broker(stage: Stage, _: random.Random) -> str:
    stage.faults.note("broker_pause")
    stage.broker.pause()
    try:
        time.sleep(BROKER_PAUSE_SECONDS)
    finally:
        stage.faults.note("broker_resume")
        stage.broker.resume()
    return f"for {BROKER_PAUSE_SECONDS:.0f} s"


def _crm_outage(stage: Stage, chance: random.Random) -> str:
    kind = chance.choice(["refusing", "limiting", "failing"])
    seconds = chance.uniform(3.0, 8.0)
    begin_outage(stage, kind, seconds)
    time.sleep(seconds)
    return f"{kind} for {seconds:.1f} s"


def until_ready(worker: Worker) -> bool:
    """Return whether the worker owns what it shall own, in time."""
    deadline = time.monotonic() + READY_SECONDS_MAX
    while time.monotonic() < deadline:
        if worker.ready():
            return True
        time.sleep(LOOK_SECONDS)
    return False


FAULTS = (
    Fault("kill -9", 8, 1.0, _kill),
    Fault("kill -9 at a step", 8, 3.0, _kill_at_a_step),
    Fault("SIGTERM", 4, 2.0, _term),
    Fault("SIGSTOP", 4, 10.0, _freeze),
    Fault("rolling restart", 1, 15.0, _rolling_restart),
    Fault("toggle", 1, TOGGLE_SECONDS, _toggle),
    Fault("broker restart", 2, 6.0, _restart_broker),
    Fault("broker SIGSTOP", 1, BROKER_PAUSE_SECONDS, _pause_broker),
    Fault("CRM outage", 2, 6.0, _crm_outage),
)
