"""Ten thousand waiting events of one user beside a thousand other users.

Real: Kafka, the worker's process, the example CRM. The test publishes the events.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from processors.settings import WorkerSettings
from tests.support.eventually import eventually
from tests.support.feed import Feed, Place
from tests.support.pipeline import Pipeline
from tests.support.several import running_workers, stop

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]
HOT, OTHERS = 0, 1_000
EVENTS, EVENTS_PER_OTHER = 10_000, 10
PADDING_BYTES = 5_000
GROWTH_MIB_MAX = 40.0  # all events together are 50
# What a large transaction had needed stays with the process, in part.
GROWTH_MIB_MAX_PARKING = 200.0
FETCHED_MAX = 600  # messages that were under way when a partition was paused
CALLS_MAX = EVENTS // 20
SECONDS_MAX = 120.0
WAITS = ",".join(["5"] * 40)
IN_MEMORY = re.compile(r"^keepstep_worker_in_memory\{.*\} (\S+)$", re.MULTILINE)


@pytest.fixture
def feed(kafka: str, installation: str, tmp_path: Path) -> Iterator[Feed]:
    """The hot user has a contact; the worker does not run."""
    settings = {"KEEPSTEP_WORKER_RETRY_WAITS_SECONDS": WAITS}
    with running_workers(kafka, installation, tmp_path, 1, **settings) as (pipeline, _):
        made = Feed(pipeline, PADDING_BYTES)
        made.introduce(1)
        yield made
        made.close()


class Watch:
    """The most that the worker has held at once."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._worker = feed.pipeline.worker
        self._rss_mib_before = self._worker.rss_mib
        self.growth_mib = 0.0
        self.events = 0.0
        self.of_partition = 0.0

    def look(self) -> dict[int, set[Place]]:
        """Look at its memory; return what has ended, by user."""
        self.growth_mib = max(
            self.growth_mib, self._worker.rss_mib - self._rss_mib_before
        )
        found = [float(n) for n in IN_MEMORY.findall(self._worker.admin("/metrics")[1])]
        self.events = max(self.events, sum(found))
        self.of_partition = max([self.of_partition, *found])
        ended = defaultdict(set)
        for place in self._feed.ends():
            ended[self._feed.users[place]].add(place)
        return ended

    def check_bounds(self, growth_mib_max: float) -> None:
        settings = WorkerSettings()
        assert self.growth_mib <= growth_mib_max
        assert self.events <= settings.events_max + FETCHED_MAX
        assert self.of_partition <= settings.partition_events_max + FETCHED_MAX


def publish_all(feed: Feed) -> None:
    for user in range(1, OTHERS + 1):
        for _ in range(EVENTS // OTHERS):
            feed.publish(HOT)
        feed.publish(user)
    feed.flush()


def away_from_hot(feed: Feed) -> set[int]:
    """Return the users whose events are in other partitions than the hot user's."""
    hot = {place.partition for place, user in feed.users.items() if user == HOT}
    return {user for place, user in feed.users.items() if place.partition not in hot}


def hot_contact(pipeline: Pipeline, feed: Feed) -> str:
    [contact] = pipeline.crm.contacts(email=feed.email(HOT))
    return str(contact["id"])


def calls_of(pipeline: Pipeline, contact_id: str) -> int:
    requests = pipeline.crm.requests()
    return sum(request["path"] == f"/contacts/{contact_id}" for request in requests)


def test_they_take_few_calls_and_little_memory_and_the_others_go_on(feed: Feed) -> None:
    pipeline = feed.pipeline
    hot = hot_contact(pipeline, feed)
    slow = {"kind": "latency", "path": f"/contacts/{hot}", "latency_seconds": 0.2}
    pipeline.crm.put_faults(slow)
    stop(pipeline.worker)
    publish_all(feed)
    pipeline.worker.start()
    watch = Watch(feed)

    elsewhere = away_from_hot(feed)
    eventually(lambda: elsewhere <= watch.look().keys(), SECONDS_MAX)
    assert len(watch.look()[HOT]) < EVENTS / 2
    eventually(lambda: len(watch.look()) == 1 + OTHERS, SECONDS_MAX)
    assert len(watch.look()[HOT]) < EVENTS
    eventually(lambda: len(watch.look()[HOT]) == 1 + EVENTS, SECONDS_MAX)

    watch.check_bounds(GROWTH_MIB_MAX)
    feed.check_each_ended_once()
    assert calls_of(pipeline, hot) <= CALLS_MAX


def test_while_they_fail_the_others_go_on_and_then_they_take_few_calls(
    feed: Feed,
) -> None:
    pipeline = feed.pipeline
    hot = hot_contact(pipeline, feed)
    pipeline.crm.put_faults({"kind": "error", "path": f"/contacts/{hot}"})
    stop(pipeline.worker)
    publish_all(feed)
    pipeline.worker.start()
    watch = Watch(feed)

    eventually(lambda: len(watch.look()) == 1 + OTHERS, SECONDS_MAX)
    eventually(lambda: len(pipeline.parked()) == EVENTS, SECONDS_MAX)
    assert len(watch.look()[HOT]) == 1
    pipeline.crm.put_faults()
    failed = calls_of(pipeline, hot)
    eventually(lambda: len(watch.look()[HOT]) == 1 + EVENTS, SECONDS_MAX)

    watch.check_bounds(GROWTH_MIB_MAX_PARKING)
    feed.check_each_ended_once()
    assert calls_of(pipeline, hot) - failed <= CALLS_MAX
