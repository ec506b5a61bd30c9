"""A destination that is away as a whole, or told to be left alone: nothing is at fault.

Real: Kafka, the worker's process, the example CRM. The test publishes the events.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from confluent_kafka import Producer

from events import headers
from tests.support.eventually import eventually
from tests.support.feed import Feed
from tests.support.pipeline import PARTITIONS, Pipeline
from tests.support.several import running_workers, stop

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(240)]
AWAY_SECONDS = 20.0
EVENTS_PER_SECOND = 50.0
USERS = 60
FAILING_USERS = 12  # more than half of the last 20 calls, and of 5 users
EVENTS_MAX, EVENTS_MAX_AWAY = 1_000, 200
PROBE_SECONDS_MAX = 75.0  # the longest wait between two probes, and a margin


@pytest.fixture(scope="module")
def running(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    directory = tmp_path_factory.mktemp("away")
    most = {"KEEPSTEP_WORKER_EVENTS_MAX": str(EVENTS_MAX)}
    with running_workers(kafka, f"t{uuid4().hex[:12]}", directory, 1, **most) as (
        pipeline,
        _,
    ):
        yield pipeline


@pytest.fixture
def pipeline(running: Pipeline) -> Iterator[Pipeline]:
    yield running
    running.crm.put_faults()
    eventually(lambda: gate(running) is None, PROBE_SECONDS_MAX)


@pytest.fixture
def feed(pipeline: Pipeline) -> Iterator[Feed]:
    made = Feed(pipeline)
    made.introduce(USERS)
    yield made
    made.close()


def gate(pipeline: Pipeline) -> str | None:
    """Return why no calls start, as a person reads it; the worker must be ready."""
    status, text = pipeline.worker.admin("/readyz?verbose")
    assert (status, text.partition("\n")[0]) == (200, "ok")
    said = [line for line in text.splitlines() if line.startswith("[!]gate ")]
    return said[0] if said else None


def closed_by(pipeline: Pipeline, cause: str) -> bool:
    return f": {cause} (" in (gate(pipeline) or "")


def metric(pipeline: Pipeline, name: str) -> list[float]:
    """Return the values of a metric, one for each of its labels."""
    lines = pipeline.worker.admin("/metrics")[1].splitlines()
    found = [line for line in lines if line.startswith(f"keepstep_worker_{name}{{")]
    return [float(line.split()[-1]) for line in found]


def closed_metric(pipeline: Pipeline, cause: str) -> bool:
    named = f'keepstep_worker_gate_closed{{cause="{cause}",destination="crm"}} 1.0'
    return named in pipeline.worker.admin("/metrics")[1]


def publish_to_all(feed: Feed) -> None:
    for user in range(USERS):
        feed.publish(user)
    feed.flush()


def test_while_it_refuses_connections_nothing_is_parked_and_then_all_goes_on_in_order(
    pipeline: Pipeline, feed: Feed
) -> None:
    retries, dead = len(pipeline.stored("retry")), len(pipeline.stored("dead"))
    with feed.flowing(EVENTS_PER_SECOND, USERS):
        pipeline.crm.kill()
        away_until = time.monotonic() + AWAY_SECONDS
        eventually(partial(closed_by, pipeline, "unreachable"))
        assert closed_metric(pipeline, "unreachable")
        eventually(lambda: gate(pipeline) and time.monotonic() > away_until)
        rss_mib = pipeline.worker.rss_mib
        assert sum(metric(pipeline, "lag")) > EVENTS_PER_SECOND * AWAY_SECONDS / 2
        assert closed_by(pipeline, "unreachable")
        held = sum(metric(pipeline, "in_memory"))
        assert held == pytest.approx(EVENTS_MAX_AWAY, abs=1)  # the log holds the others
    pipeline.crm.start()

    eventually(feed.all_ended, PROBE_SECONDS_MAX)

    eventually(lambda: sum(metric(pipeline, "lag")) == 0)
    feed.check_each_ended_once()
    feed.check_order(each_once=False)  # an answer may have been lost
    assert len(pipeline.stored("retry")) == retries
    assert len(pipeline.stored("dead")) == dead
    assert pipeline.worker.rss_mib < rss_mib + 50.0


def test_after_429_no_call_is_made_before_the_time_it_named(
    pipeline: Pipeline, feed: Feed
) -> None:
    seen = len(pipeline.crm.requests())
    pipeline.crm.put_faults({"kind": "busy", "retry_after_seconds": 5, "requests": 1})
    feed.publish(0)
    feed.flush()

    eventually(partial(closed_by, pipeline, "limited"))
    publish_to_all(feed)
    feed.check_each_ended_once()

    refused, *later = pipeline.crm.requests()[seen:]
    assert refused["status"] == 429
    assert later[0]["status"] == 200
    assert seconds_between(refused, later[0]) >= 5.0


def seconds_between(one: dict[str, Any], other: dict[str, Any]) -> float:
    first, second = (datetime.fromisoformat(call["time"]) for call in (one, other))
    return (second - first).total_seconds()


def test_after_401_it_waits_for_credentials_and_no_event_is_lost(
    pipeline: Pipeline, feed: Feed
) -> None:
    dead, token = len(pipeline.stored("dead")), pipeline.crm.token
    pipeline.crm.kill()
    pipeline.crm.token = "rotated"
    pipeline.crm.start()
    publish_to_all(feed)

    eventually(partial(closed_by, pipeline, "auth"), PROBE_SECONDS_MAX)
    pipeline.crm.kill()
    pipeline.crm.token = token
    pipeline.crm.start()
    eventually(feed.all_ended, PROBE_SECONDS_MAX)

    feed.check_each_ended_once()
    assert len(pipeline.stored("dead")) == dead
    eventually(lambda: attempts(pipeline) == {1})


def attempts(pipeline: Pipeline) -> set[int]:
    """Return how many attempts the last events took, as far as they can be read."""
    return {outcome["attempts"] for outcome in pipeline.outcomes()[-USERS:]}


def asked_twice(pipeline: Pipeline, seen: int) -> str | None:
    """Return the path that was asked for a second time, which is a probe's."""
    paths = Counter(request["path"] for request in pipeline.crm.requests()[seen:])
    return next((path for path, times in paths.items() if times > 1), None)


def test_one_event_that_always_fails_cannot_keep_the_gate_shut(
    pipeline: Pipeline, feed: Feed
) -> None:
    seen = len(pipeline.crm.requests())
    pipeline.crm.put_faults({"kind": "error"})
    for user in range(FAILING_USERS):
        feed.publish(user)
    feed.flush()
    eventually(partial(closed_by, pipeline, "failing"))
    path = eventually(partial(asked_twice, pipeline, seen))

    pipeline.crm.put_faults({"kind": "error", "path": path})
    eventually(lambda: gate(pipeline) is None, PROBE_SECONDS_MAX)
    publish_to_all(feed)
    eventually(feed.all_ended, PROBE_SECONDS_MAX)

    # Dead are the first event, and the next one of the same user.
    expected = Counter(dead=2, applied=len(feed.sent) - 2)
    eventually(lambda: ends(pipeline, len(feed.sent)) == expected)


def ends(pipeline: Pipeline, events: int) -> Counter[str]:
    """Return how the last *events* ended, as far as that can be read."""
    return Counter(outcome["outcome"] for outcome in pipeline.outcomes()[-events:])


def send(pipeline: Pipeline, command: str) -> None:
    """Write what `keepstep pause` and `resume` write: one message per partition."""
    told = {"format": 1, "command": command, "at": headers.instant(time.time())}
    producer = Producer({"bootstrap.servers": pipeline.kafka, "log_level": 0})
    for number in range(PARTITIONS):
        topic = pipeline.topics.commands("crm").name
        producer.produce(topic, json.dumps(told).encode(), b"@all", number)
    assert producer.flush(30) == 0


def all_paused(pipeline: Pipeline) -> bool:
    return metric(pipeline, "paused") == [1.0] * PARTITIONS


def test_a_pause_stops_all_calls_also_after_a_restart_until_it_is_taken_back(
    pipeline: Pipeline, feed: Feed
) -> None:
    send(pipeline, "pause")
    eventually(partial(all_paused, pipeline))
    made = len(pipeline.crm.requests())
    publish_to_all(feed)
    eventually(lambda: sum(metric(pipeline, "in_memory")) == USERS)

    stop(pipeline.worker)
    pipeline.worker.start()
    assert all_paused(pipeline)
    assert "[!]paused " in pipeline.worker.admin("/readyz?verbose")[1]
    eventually(lambda: sum(metric(pipeline, "in_memory")) == USERS)
    assert len(pipeline.crm.requests()) == made
    send(pipeline, "resume")

    feed.check_each_ended_once()
    assert len(pipeline.crm.requests()) > made
    assert metric(pipeline, "paused") == [0.0] * PARTITIONS
