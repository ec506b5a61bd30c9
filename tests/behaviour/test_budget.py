"""Workers keep the limit of their destination together; the CRM counts the calls.

Real: Kafka, the workers' processes, the example CRM, which refuses what is too much.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from tests.support.feed import Feed
from tests.support.pipeline import Pipeline, running_pipeline
from tests.support.several import stop, with_rate
from tests.support.worker import running_worker

pytestmark = [pytest.mark.kafka, pytest.mark.alone, pytest.mark.timeout(300)]
USERS, EVENTS_EACH = 150, 3
# As the workers' file has it, but for what arrives late at a CRM that is busy itself.
LIMIT = {"kind": "limit", "calls": 60, "per_seconds": 1.9}


@contextmanager
def running(kafka: str, directory: Path, rate: str) -> Iterator[tuple[Pipeline, Feed]]:
    told = {"KEEPSTEP_WORKER_DESTINATIONS_DIR": with_rate(directory, rate)}
    name = f"t{uuid4().hex[:12]}"
    with running_pipeline(kafka, name, directory, **told) as pipeline:
        feed = Feed(pipeline)
        yield pipeline, feed
        feed.close()


def publish(feed: Feed) -> None:
    for _ in range(EVENTS_EACH):
        for user in range(USERS):
            feed.publish(user)
    feed.flush()


def statuses(pipeline: Pipeline) -> Counter[int]:
    return Counter(call["status"] for call in pipeline.crm.requests())


def test_workers_that_come_and_go_never_make_a_call_too_many(
    kafka: str, tmp_path: Path
) -> None:
    rate = "{calls = 60, per_seconds = 2}"
    with running(kafka, tmp_path, rate) as (pipeline, feed):
        pipeline.crm.put_faults(LIMIT)
        told = {
            "KEEPSTEP_WORKER_DESTINATIONS_DIR": str(tmp_path),
            "KEEPSTEP_CRM_URL": pipeline.crm.base_url,
            "KEEPSTEP_CRM_TOKEN": pipeline.crm.token,
        }
        publish(feed)
        installation = pipeline.topics.installation
        with running_worker(kafka, installation, **told) as second:
            stop(second)

        feed.check_each_ended_once()
        feed.check_order(each_once=True)
        pipeline.crm.put_faults()

        assert statuses(pipeline)[429] == 0


def test_a_rate_that_is_too_high_is_lowered_and_nothing_is_lost(
    kafka: str, tmp_path: Path
) -> None:
    rate = "{calls = 600, per_seconds = 2}"
    with running(kafka, tmp_path, rate) as (pipeline, feed):
        pipeline.crm.put_faults(LIMIT)
        publish(feed)

        feed.check_each_ended_once()
        pipeline.crm.put_faults()

        seen = statuses(pipeline)
        assert seen[429] > 0
        assert seen[429] < 0.2 * seen.total()
        assert {outcome["outcome"] for outcome in pipeline.outcomes()} <= {
            "applied",
            "superseded",
            "unchanged",
        }
