"""One worker that is stopped or killed under load, and started again.

Real: Kafka, the worker's process, the example CRM. The test publishes the events.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from confluent_kafka import Producer

from events import admin, headers
from events.kafka import KafkaSettings
from tests.support.feed import Feed
from tests.support.operating import partition_of
from tests.support.pipeline import Pipeline
from tests.support.several import running_workers, stop
from tests.support.starved import starved_seconds
from tests.support.worker import Worker

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]
RESTART_SECONDS_MAX = 15.0
EVENTS_PER_SECOND = 60.0
USERS = 60
PARKED = 10_000
DAY_SECONDS = 24 * 60 * 60.0


@pytest.fixture(scope="module")
def pipeline(
    kafka: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pipeline]:
    directory = tmp_path_factory.mktemp("restarts")
    with running_workers(kafka, f"t{uuid4().hex[:12]}", directory, 1) as (running, _):
        yield running


@pytest.fixture
def feed(pipeline: Pipeline) -> Iterator[Feed]:
    made = Feed(pipeline)
    made.introduce(USERS)
    yield made
    made.close()


def test_a_signal_under_load_ends_it_in_time_and_nothing_is_done_twice(
    pipeline: Pipeline, feed: Feed
) -> None:
    pipeline.crm.put_faults({"kind": "latency", "latency_seconds": 0.5})
    with feed.flowing(EVENTS_PER_SECOND, USERS):
        feed.all_move(time.monotonic())

        stop(pipeline.worker)
        pipeline.worker.start()

        feed.all_move(time.monotonic())
    pipeline.crm.put_faults()
    feed.check_each_ended_once()
    feed.check_order(each_once=True)


def park(feed: Feed, users: range) -> None:
    """Write an event of each user into the retry topic; none is due soon."""
    topics, kafka = feed.pipeline.topics, feed.pipeline.kafka
    reached = KafkaSettings(bootstrap_servers=kafka, replication_factor=1)
    topic_ref = admin.topic_id(reached, topics.events.name)[:8]
    now, later = time.time(), time.time() + DAY_SECONDS
    producer = Producer({"bootstrap.servers": kafka, "log_level": 0})
    for user in users:
        user_id = feed.user_id(user)
        partition = partition_of(user_id)
        entry: dict[str, str | int] = {
            headers.EVENT_ID: f"evt_{user}_0",
            headers.EVENT_TYPE: "user.created",
            headers.SOURCE_TOPIC: topics.events.name,
            headers.SOURCE_PARTITION: partition,
            headers.SOURCE_OFFSET: user,
            headers.SOURCE_TIMESTAMP: headers.instant(now),
            headers.ATTEMPT: 3,
            headers.STATE: "waiting",
            headers.NOT_BEFORE: headers.instant(later),
            headers.FIRST_FAILED_AT: headers.instant(now),
            headers.REASON: "HTTP 503",
        }
        producer.produce(
            topics.retry("crm").name,
            feed.event(user, 0),
            f"{user_id}@{topic_ref}@{user}",
            partition,
            headers=headers.encode(entry),
        )
        producer.poll(0)
    assert producer.flush(30) == 0


def parked(worker: Worker) -> float:
    lines = worker.admin("/metrics")[1].splitlines()
    found = [line for line in lines if line.startswith("keepstep_worker_parked{")]
    return sum(float(line.split()[-1]) for line in found)


def test_a_restart_with_ten_thousand_parked_events_serves_soon(
    pipeline: Pipeline, feed: Feed
) -> None:
    worker = pipeline.worker
    stop(worker)
    park(feed, range(USERS, USERS + PARKED))
    worker.start()
    with feed.flowing(EVENTS_PER_SECOND, USERS):
        feed.all_move(time.monotonic())

        restarted_at = time.monotonic()
        stop(worker)
        worker.start()

        seconds = feed.all_move(restarted_at)
    assert seconds - starved_seconds(worker) <= RESTART_SECONDS_MAX
    feed.check_each_ended_once()
    assert parked(worker) == PARKED


def test_a_worker_with_an_id_serves_soon_after_kill_9_whatever_the_session(
    kafka: str, installation: str, tmp_path: Path
) -> None:
    settings = {
        "KEEPSTEP_WORKER_ID": "crm-0",
        "KEEPSTEP_WORKER_SESSION_TIMEOUT_SECONDS": "60",
    }
    with running_workers(kafka, installation, tmp_path, 1, **settings) as started:
        pipeline, [worker] = started
        feed = Feed(pipeline)
        feed.introduce(USERS)
        with feed.flowing(EVENTS_PER_SECOND, USERS):
            feed.all_move(time.monotonic())

            killed_at = time.monotonic()
            worker.kill()
            worker.start()

            seconds = feed.all_move(killed_at)
        assert seconds - starved_seconds(worker) <= RESTART_SECONDS_MAX
        feed.check_each_ended_once()
        feed.close()
