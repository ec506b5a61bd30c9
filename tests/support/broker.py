"""Finds a real Apache Kafka for the tests: a named one, Docker's, or the sandbox's."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest

from events import admin
from events.kafka import KafkaSettings
from events.topics import Topics
from sandbox.kafka import Broker, KafkaMissing, Secure
from tests.support.container_kafka import container_kafka, docker_gives_kafka

PARTITIONS = 3


@pytest.fixture(scope="session")
def kafka() -> Iterator[str]:
    """`host:port` of a broker that all tests share; each has topics of its own."""
    named = os.environ.get("KEEPSTEP_TEST_KAFKA")
    if named:
        yield named
    elif docker_gives_kafka():
        with container_kafka() as address:
            yield address
    else:
        with own_broker() as broker:
            yield broker.bootstrap_servers


@pytest.fixture
def installation() -> str:
    """First part of the names of topics that no other test has."""
    return f"t{uuid4().hex[:12]}"


@pytest.fixture
def topics(kafka: str, installation: str) -> Topics:
    """The topics that ingest writes, made anew."""
    return make_topics(kafka, installation)


def make_topics(bootstrap_servers: str, installation: str) -> Topics:
    """Create the topics that ingest writes, with few partitions."""
    named = Topics(installation, PARTITIONS)
    settings = KafkaSettings(bootstrap_servers=bootstrap_servers, replication_factor=1)
    admin.create(settings, named.of_ingest())
    return named


@contextmanager
def own_broker(secure: Secure | None = None) -> Iterator[Broker]:
    """Start a broker of the test's own, which it may stop, start and break.

    With *secure* it has a SASL_SSL listener, too. Where no broker can be had the test
    is skipped on a laptop and fails in CI.
    """
    broker = Broker(secure=secure)
    try:
        broker.start()
    except KafkaMissing as error:
        broker.stop()
        if os.environ.get("CI") == "true":
            pytest.fail(f"no Kafka in CI: {error}")
        pytest.skip(f"no Kafka: {error}")
    try:
        yield broker
    finally:
        broker.stop()
