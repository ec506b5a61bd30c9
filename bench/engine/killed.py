"""One worker that is killed in the middle of its events, and started again."""

from __future__ import annotations

import time
from dataclasses import dataclass

from bench.delivery.contestants import Enter
from bench.delivery.effects import Effects, Tally
from bench.delivery.process import Running
from bench.delivery.scenario import Scenario
from bench.delivery.turn import field
from bench.delivery.watch import Watch
from events.kafka import KafkaSettings

ASK_SECONDS = 0.02
BEGIN_SECONDS_MAX = 90.0  # without a call, from a start to the first one
QUIET_SECONDS = 3.0  # without a call: what was going to be repeated has been
LOST_SECONDS = 30.0  # without a call: what has not come is lost


@dataclass(frozen=True)
class Killed:
    """What was seen of both lives together."""

    effects: Effects
    users: int  # who had events
    ended_before: int  # events, when it was killed
    away_seconds: float  # from the kill to the first call after it


def killed(kafka: KafkaSettings, enter: Enter, delay_ms: int, part: float) -> Killed:
    """Kill a worker when half of the events have ended; return when all have, or never.

    Of the events that its kind is given for this, *part* are given, with Zipf keys.

    Raises:
        NotWorking: It ended by itself, did not get on, or was through too early.
    """
    with field(kafka, enter, delay_ms) as made:
        count = round(part * made.contestant.habits.killed_events)
        users = Scenario("Zipf", delay_ms, count).users()
        watch = Watch(made.crm, Tally(users))
        made.feed(users)
        with made.worker() as worker:
            _until_half(worker, watch)
            worker.kill()
        killed_at, ended_before = time.monotonic(), watch.take()
        if watch.tally.complete:
            raise worker.failed("was through before it could be killed")
        watch.tally.killed()
        with made.worker() as worker:
            again_at = _until_called(worker, watch)
            _until_through(worker, watch)
            worker.kill()
    return Killed(
        effects=watch.tally.effects(),
        users=len(set(users)),
        ended_before=ended_before,
        away_seconds=again_at - killed_at,
    )


def _until_half(worker: Running, watch: Watch) -> None:
    while watch.take() < watch.tally.events / 2:
        worker.check()
        if watch.quiet_seconds > BEGIN_SECONDS_MAX:
            raise worker.failed("does not call")
        time.sleep(ASK_SECONDS)


def _until_called(worker: Running, watch: Watch) -> float:
    before = watch.tally.calls
    while watch.take() >= 0 and watch.tally.calls == before:
        worker.check()
        if watch.quiet_seconds > BEGIN_SECONDS_MAX:
            raise worker.failed("does not call again")
        time.sleep(ASK_SECONDS)
    return time.monotonic()


def _until_through(worker: Running, watch: Watch) -> None:
    while True:
        watch.take()
        worker.check()
        wanted = QUIET_SECONDS if watch.tally.complete else LOST_SECONDS
        if watch.quiet_seconds > wanted:
            return
        time.sleep(ASK_SECONDS)
