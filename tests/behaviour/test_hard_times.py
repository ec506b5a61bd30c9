"""A destination that refuses everybody for a while, and one that slows down.

Real: Kafka, the worker's process, the example CRM, which logs every call.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.support.eventually import eventually
from tests.support.feed import Feed
from tests.support.pipeline import Pipeline, running_pipeline
from tests.support.several import with_rate

pytestmark = [pytest.mark.kafka, pytest.mark.alone, pytest.mark.timeout(300)]
STORM_SECONDS, SLOW_SECONDS = 20.0, 15.0
BEFORE_SECONDS = 6.0
PER_SECOND = 20
STORM = {"kind": "limit", "calls": 1, "per_seconds": 3600.0}
# Two by which it is noticed, and what was under way then.
NOTICED_MAX = 4
QUICK, SLOW = (
    {"kind": "latency", "latency_seconds": seconds} for seconds in (0.02, 2.0)
)


class Log:
    """The CRM's calls, each with when it was answered, in seconds of the epoch."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._crm = pipeline.crm
        self._calls: list[dict[str, Any]] = []

    def calls(self) -> list[tuple[float, int | None]]:
        """Return time and status of each call so far."""
        after = self._calls[-1]["sequence"] if self._calls else 0
        self._calls += self._crm.requests(after)
        return [
            (datetime.fromisoformat(call["time"]).timestamp(), call["status"])
            for call in self._calls
        ]

    def until(self, seconds: float, since: float | None = None) -> float:
        """Return the time of the last call, so long after *since* or the first."""

        def reached() -> float:
            calls = self.calls()
            began = calls[0][0] if calls and since is None else since
            late = began is not None and calls[-1][0] >= began + seconds
            return calls[-1][0] if late else 0.0

        return eventually(reached, seconds + 60.0)

    def taken(self, since: float, until: float) -> int:
        """Return how many calls were answered well between two moments."""
        return sum(
            since <= at < until and status is not None and status < 400
            for at, status in self.calls()
        )


@contextmanager
def busy(
    kafka: str, directory: Path, rate: str, *more: str, users: int
) -> Iterator[tuple[Pipeline, Log]]:
    """Run a pipeline with more to do than there is time for."""
    told = {"KEEPSTEP_WORKER_DESTINATIONS_DIR": with_rate(directory, rate, *more)}
    name = f"t{uuid4().hex[:12]}"
    with running_pipeline(kafka, name, directory, **told) as pipeline:
        feed = Feed(pipeline)
        for user in range(users):
            feed.publish(user)
        feed.flush()
        yield pipeline, Log(pipeline)
        feed.close()


def test_refusals_without_a_time_cost_a_probe_now_and_then_and_no_event(
    kafka: str, tmp_path: Path
) -> None:
    rate = f"{{calls = {2 * PER_SECOND}, per_seconds = 2}}"
    with busy(kafka, tmp_path, rate, users=500) as (pipeline, log):
        since = log.until(BEFORE_SECONDS)
        pipeline.crm.put_faults(STORM)
        log.until(STORM_SECONDS, since)
        pipeline.crm.put_faults()
        ended = time.time()
        log.until(10.0, ended)

        refused = [at for at, status in log.calls() if status == 429]
        gaps = [later - sooner for sooner, later in pairwise(refused)]
        assert sum(gap < 0.9 for gap in gaps) < NOTICED_MAX
        assert len(refused) <= NOTICED_MAX + 2 + STORM_SECONDS / 4.0
        assert pipeline.stored("dead") == []
        assert pipeline.stored("retry") == []
        assert log.taken(ended + 5.0, ended + 10.0) >= 0.9 * 5 * PER_SECOND


def test_slow_answers_cause_no_time_out_and_are_soon_forgotten(
    kafka: str, tmp_path: Path
) -> None:
    rate = "{calls = 100, per_seconds = 2}"
    with busy(kafka, tmp_path, rate, "concurrency = 40", users=900) as (pipeline, log):
        pipeline.crm.put_faults(QUICK)
        since = log.until(BEFORE_SECONDS)
        pipeline.crm.put_faults(SLOW)
        ended = log.until(SLOW_SECONDS, since)
        pipeline.crm.put_faults(QUICK)
        log.until(15.0, ended)

        status, metrics = pipeline.worker.admin("/metrics")
        assert status == 200
        assert lost_answers(metrics) == 0
        # 40 at a time, of 2 s each, are 20 a second.
        assert log.taken(since + 4.0, ended) >= 0.5 * 20 * (ended - since - 4.0)
        before = log.taken(since - 3.0, since) / 3.0
        assert log.taken(ended + 10.0, ended + 15.0) / 5.0 >= 0.9 * before
        assert pipeline.stored("dead") == []


def lost_answers(metrics: str) -> float:
    """Return how many calls ended without an answer."""
    counted = re.findall(
        r'^keepstep_worker_call_duration_seconds_count\{code="none".*\} (\S+)$',
        metrics,
        re.MULTILINE,
    )
    return sum(map(float, counted))
