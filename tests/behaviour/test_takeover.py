"""Three workers of which one is killed, or comes and goes: how soon all goes on.

Real: Kafka, the workers' processes, the example CRM. The test publishes the events.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from uuid import uuid4

import pytest

from tests.support.eventually import eventually
from tests.support.feed import Feed
from tests.support.pipeline import Pipeline
from tests.support.several import running_workers, stop
from tests.support.worker import Worker

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]
SESSION_SECONDS = 6.0  # what `running_worker` sets
TAKEOVER_SECONDS_MAX = SESSION_SECONDS + 15.0
EVENTS_PER_SECOND = 30.0
USERS = 60
TOGGLES = 10

Trio = tuple[Pipeline, list[Worker]]


@pytest.fixture(scope="module")
def trio(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trio]:
    directory = tmp_path_factory.mktemp("takeover")
    installation = f"t{uuid4().hex[:12]}"
    with running_workers(kafka, installation, directory, 3) as running:
        yield running


@pytest.fixture
def feed(trio: Trio) -> Iterator[Feed]:
    made = Feed(trio[0])
    made.introduce(USERS)
    yield made
    made.close()


def has_started(worker: Worker, times: int) -> bool:
    return worker.log.count('"event":"worker.started"') >= times


def test_beside_a_worker_that_comes_and_goes_everything_ends_once(
    trio: Trio, feed: Feed
) -> None:
    restless = trio[1][2]
    with feed.flowing(EVENTS_PER_SECOND, USERS):
        for number in range(TOGGLES):
            at = time.monotonic()
            stop(restless)
            restless.launch()
            # It is stopped again as soon as it asks for its share of the partitions.
            eventually(partial(has_started, restless, number + 2))
            eventually(partial(feed.moved, at))
        feed.all_move(time.monotonic())
    feed.check_each_ended_once()
    feed.check_order(each_once=True)


def test_a_rolling_restart_repeats_nothing(trio: Trio, feed: Feed) -> None:
    with feed.flowing(EVENTS_PER_SECOND, USERS):
        for worker in trio[1]:
            stop(worker)
            worker.start()
            feed.all_move(time.monotonic())
    feed.check_each_ended_once()
    feed.check_order(each_once=True)


def test_after_kill_9_of_one_of_three_all_partitions_move_again(
    trio: Trio, feed: Feed
) -> None:
    killed = trio[1][1]
    with feed.flowing(EVENTS_PER_SECOND, USERS):
        feed.all_move(time.monotonic())

        killed_at = time.monotonic()
        killed.kill()

        assert feed.all_move(killed_at) <= TAKEOVER_SECONDS_MAX
    feed.check_each_ended_once()
