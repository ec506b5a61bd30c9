"""New events behind thousands of old ones, more than the worker may hold in memory.

Real: Kafka, the worker's process, the example CRM, which takes 20 calls a second.
"""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest

from tests.support.eventually import eventually
from tests.support.feed import Feed
from tests.support.pipeline import Pipeline, running_pipeline
from tests.support.several import with_rate

pytestmark = [pytest.mark.kafka, pytest.mark.alone, pytest.mark.timeout(300)]
LIVE = range(6)
OLD = range(len(LIVE), len(LIVE) + 130)
EVENTS_EACH = 23
EVENTS_MAX = 300  # in memory, a tenth of what waits
RATE = "{calls = 40, per_seconds = 2}"
SECONDS_MAX = 5.0
SETTINGS = {
    "KEEPSTEP_WORKER_EVENTS_MAX": str(EVENTS_MAX),
    "KEEPSTEP_WORKER_PARTITION_EVENTS_MAX": str(EVENTS_MAX // 2),
    "KEEPSTEP_WORKER_ID": "backlog",  # a restart takes no session timeout
}


def publish_old(feed: Feed) -> None:
    for _ in range(EVENTS_EACH):
        for user in OLD:
            feed.publish(user)
    feed.flush()


def check_served_within_seconds(feed: Feed, user: int) -> None:
    """A new event ends soon, while most of the old ones have not ended."""
    place = feed.publish_now(user)

    eventually(lambda: place in feed.ends(), SECONDS_MAX)

    assert len(feed.ends()) < len(feed.sent) - EVENTS_MAX


def waiting_for_the_budget(pipeline: Pipeline) -> int:
    states = [entry.headers["state"] for entry in pipeline.parked().values()]
    return states.count("budget")


def test_new_events_are_served_within_seconds_while_the_old_ones_wait(
    kafka: str, tmp_path: Path
) -> None:
    told = SETTINGS | {"KEEPSTEP_WORKER_DESTINATIONS_DIR": with_rate(tmp_path, RATE)}
    name = f"t{uuid4().hex[:12]}"
    with running_pipeline(kafka, name, tmp_path, **told) as pipeline:
        feed = Feed(pipeline)
        feed.introduce(len(LIVE))
        publish_old(feed)
        # The log is read to its end when the first of these has ended.
        first = [feed.publish_now(user) for user in LIVE]
        eventually(lambda: feed.ends().keys() >= set(first), 30.0)

        for user in LIVE[:3]:
            check_served_within_seconds(feed, user)
        eventually(lambda: waiting_for_the_budget(pipeline) > 0)
        pipeline.worker.kill()
        pipeline.worker.start()
        for user in LIVE[3:]:
            check_served_within_seconds(feed, user)

        feed.check_each_ended_once()
        feed.check_order(each_once=False)
        eventually(lambda: not pipeline.parked())
        feed.close()
