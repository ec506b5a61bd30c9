"""Kafka goes away: real process, a real broker of the test's own, Auth0's attempts."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from confluent_kafka.admin import AdminClient

from events.topics import Topics
from sandbox.auth0.delivery import Delivery, Event
from sandbox.auth0.report import Report
from sandbox.auth0.sender import Pace, deliver
from sandbox.auth0.target import Target
from sandbox.kafka import Broker
from tests.support.broker import make_topics, own_broker
from tests.support.eventually import eventually
from tests.support.ingest import Ingest, running_ingest
from tests.support.load import under_load
from tests.support.posting import Poster, an_event
from tests.support.topics import read_topic

EVENTS, EVENTS_PER_SECOND = 1600, 200.0
OUTAGE_SECONDS = 3.0
RECOVERY_SECONDS_MAX = 10.0
GROWTH_MIB_MAX = 80.0  # librdkafka's queue, 64 MiB, and what else the load takes

pytestmark = [pytest.mark.kafka, pytest.mark.alone, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def broker() -> Iterator[Broker]:
    with own_broker() as started:
        yield started


@pytest.fixture
def own_topics(broker: Broker, installation: str) -> Topics:
    return make_topics(broker.bootstrap_servers, installation)


def ids_in(broker: Broker, topics: Topics) -> Counter[str]:
    stored = read_topic(broker.bootstrap_servers, topics.events.name)
    return Counter(record.headers["event-id"] for record in stored)


def events(count: int) -> Iterator[Event]:
    for number in range(count):
        user_id, event_id = f"auth0|{number % 100}", f"evt_{number}"
        yield Event(event_id, user_id, an_event(user_id, event_id))


UNDER_WAY = EVENTS // 5


def halted(broker: Broker) -> None:
    broker.halt()
    time.sleep(OUTAGE_SECONDS)
    broker.start()


def frozen(broker: Broker) -> None:
    broker.pause()
    time.sleep(OUTAGE_SECONDS)
    broker.resume()


@pytest.mark.parametrize("outage", [halted, frozen])
def test_a_broker_that_is_away_for_three_seconds_costs_no_event(
    broker: Broker, own_topics: Topics, outage: Callable[[Broker], None]
) -> None:
    deliveries: list[Delivery] = []
    pace = Pace(events_per_second=EVENTS_PER_SECOND, connections=256)

    async def send(ingest: Ingest) -> Report:
        target = Target.bearer(ingest.url, ingest.secret)
        async with asyncio.TaskGroup() as group:
            report = group.create_task(
                deliver(events(EVENTS), target, pace, on_delivery=deliveries.append)
            )
            await asyncio.to_thread(eventually, lambda: len(deliveries) > UNDER_WAY)
            await asyncio.to_thread(outage, broker)
        return report.result()

    with running_ingest(broker.bootstrap_servers, own_topics.installation) as ingest:
        report = asyncio.run(send(ingest))

    assert report.all_delivered, report
    waits = [attempt.seconds for d in deliveries for attempt in d.attempts]
    assert max(waits) > 1.0  # it was felt
    assert set(ids_in(broker, own_topics)) == {f"evt_{n}" for n in range(EVENTS)}


def test_half_a_minute_without_a_broker_loses_nothing_that_was_answered_202(
    broker: Broker, own_topics: Topics
) -> None:
    with (
        running_ingest(broker.bootstrap_servers, own_topics.installation) as ingest,
        under_load(ingest, senders=40) as answers,
    ):
        eventually(lambda: len(answers.accepted) > 500)
        before = ingest.rss_mib
        broker.halt()
        down = time.monotonic()
        eventually(lambda: not ingest.ready(), 15.0)
        eventually(lambda: time.monotonic() - down >= 30.0, 31.0)
        growth = ingest.rss_mib - before
        broker.start()
        up, enough = time.monotonic(), len(answers.accepted) + 500
        eventually(lambda: len(answers.accepted) > enough, RECOVERY_SECONDS_MAX)
        eventually(ingest.ready, RECOVERY_SECONDS_MAX)
        recovered_seconds = time.monotonic() - up
        log = ingest.log

    assert set(answers.statuses) == {202, 503}
    assert answers.accepted <= set(ids_in(broker, own_topics))
    assert recovered_seconds < RECOVERY_SECONDS_MAX
    assert growth < GROWTH_MIB_MAX
    assert log.count("kafka.unreachable") >= 1
    assert len(log.splitlines()) < 120  # a few a second at most, not one per request


def test_a_topic_that_was_deleted_is_our_own_trouble(
    broker: Broker, own_topics: Topics
) -> None:
    with (
        running_ingest(
            broker.bootstrap_servers,
            own_topics.installation,
            KEEPSTEP_INGEST_ACKNOWLEDGE_SECONDS_MAX="1",
        ) as ingest,
        Poster(ingest.url, ingest.authorization) as poster,
    ):
        assert poster.post(an_event("auth0|1", "evt_1")).status == 202
        client = AdminClient({"bootstrap.servers": broker.bootstrap_servers})
        client.delete_topics([own_topics.events.name])[own_topics.events.name].result()

        answer = poster.post(an_event("auth0|1", "evt_2"))
        eventually(lambda: "is missing" in ingest.admin("/readyz?verbose")[1])

        assert (answer.status, answer.headers["retry-after"]) == (503, "1")
        assert not ingest.ready()

        make_topics(broker.bootstrap_servers, own_topics.installation)
        eventually(ingest.ready)

        assert poster.post(an_event("auth0|1", "evt_3")).status == 202
    assert "evt_3" in ids_in(broker, own_topics)


def test_a_full_queue_is_503_at_once_and_nothing_refused_was_promised(
    broker: Broker, own_topics: Topics
) -> None:
    with (
        running_ingest(
            broker.bootstrap_servers,
            own_topics.installation,
            KEEPSTEP_INGEST_QUEUED_MESSAGES_MAX="1",
            KEEPSTEP_INGEST_LINGER_MS="100",
        ) as ingest,
        under_load(ingest, senders=4) as answers,
    ):
        eventually(lambda: answers.statuses[503] > 20 and len(answers.accepted) > 5)
        metrics = ingest.admin("/metrics")[1]
        ready = ingest.ready()

    assert set(answers.statuses) == {202, 503}
    assert answers.accepted <= set(ids_in(broker, own_topics))
    assert 'publish_failures_total{reason="queue_full"}' in metrics
    assert ready
