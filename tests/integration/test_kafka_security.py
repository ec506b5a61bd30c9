"""A broker that lets in nobody without TLS and a password: all of it real."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Producer

from events import admin
from events.kafka import KafkaSettings
from events.topics import Topics
from sandbox.kafka import Broker, Secure
from tests.support.broker import make_topics, own_broker
from tests.support.eventually import eventually
from tests.support.ingest import ROOT, environment, running_ingest
from tests.support.posting import Poster, an_event
from tests.support.sandbox_crm import running_crm
from tests.support.topics import read_topic
from tests.support.worker import running_worker

TLS = Path(__file__).parents[1] / "payloads" / "tls"
CERTIFICATE, KEY = TLS / "certificate.pem", TLS / "key.pem"
USER, PASSWORD = "keepstep", "b1f7c92e6a0d48538e4c1d97f2a6b305"

pytestmark = pytest.mark.kafka


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    both = tmp_path_factory.mktemp("tls") / "both.pem"
    both.write_text(KEY.read_text() + CERTIFICATE.read_text())
    with own_broker(Secure(both, USER, PASSWORD)) as started:
        yield started


@pytest.fixture
def own_topics(broker: Broker, installation: str) -> Topics:
    return make_topics(broker.bootstrap_servers, installation)


def secured(**changes: str) -> dict[str, str]:
    return {
        "KEEPSTEP_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "KEEPSTEP_KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
        "KEEPSTEP_KAFKA_SASL_USERNAME": USER,
        "KEEPSTEP_KAFKA_SASL_PASSWORD": PASSWORD,
        "KEEPSTEP_KAFKA_SSL_CA_FILE": str(CERTIFICATE),
        **changes,
    }


def test_an_event_is_stored_over_tls_as_a_user_with_a_password(
    broker: Broker, own_topics: Topics
) -> None:
    body = an_event("auth0|1", "evt_1")

    with (
        running_ingest(
            broker.secure_bootstrap_servers, own_topics.installation, **secured()
        ) as ingest,
        Poster(ingest.url, ingest.authorization) as poster,
    ):
        status = poster.post(body).status
        said = ingest.log + ingest.admin("/metrics")[1]

    assert status == 202
    stored = read_topic(broker.bootstrap_servers, own_topics.events.name)
    assert [record.value for record in stored] == [body]
    assert PASSWORD not in said


def test_a_worker_reads_and_writes_over_tls_as_a_user_with_a_password(
    broker: Broker, own_topics: Topics, tmp_path: Path
) -> None:
    plain = KafkaSettings(
        bootstrap_servers=broker.bootstrap_servers, replication_factor=1
    )
    admin.create(plain, own_topics.of_destination("crm"))
    producer = Producer({"bootstrap.servers": broker.bootstrap_servers})
    producer.produce(own_topics.events.name, an_event("auth0|1", "evt_1"), "auth0|1")
    assert producer.flush(10) == 0
    outcomes = own_topics.outcomes("crm").name

    with (
        running_crm(tmp_path) as crm,
        running_worker(
            broker.secure_bootstrap_servers,
            own_topics.installation,
            KEEPSTEP_CRM_URL=crm.base_url,
            KEEPSTEP_CRM_TOKEN=crm.token,
            **secured(),
        ) as worker,
    ):
        eventually(lambda: read_topic(broker.bootstrap_servers, outcomes))
        assert len(crm.contacts(auth0_user_id="auth0|1")) == 1
        assert PASSWORD not in worker.log


@pytest.mark.parametrize(
    "changes",
    [
        {"KEEPSTEP_KAFKA_SASL_PASSWORD": "not-the-password-at-all"},
        {"KEEPSTEP_KAFKA_SASL_USERNAME": "stranger"},
        {"KEEPSTEP_KAFKA_SSL_CA_FILE": ""},
    ],
    ids=["wrong password", "unknown user", "unknown authority"],
)
def test_a_broker_that_does_not_let_us_in_ends_the_start_with_3(
    broker: Broker, own_topics: Topics, tmp_path: Path, changes: dict[str, str]
) -> None:
    settings = secured(KEEPSTEP_KAFKA_CONNECT_SECONDS_MAX="2", **changes)
    env = environment(
        broker.secure_bootstrap_servers,
        own_topics.installation,
        **{name: value for name, value in settings.items() if value},
    )

    ended = subprocess.run(
        [sys.executable, "-m", "ingest"],
        env=env | {"PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert (ended.returncode, ended.stderr.count("\n")) == (3, 1), ended.stderr
    assert "KEEPSTEP_KAFKA_BOOTSTRAP_SERVERS" in ended.stderr
    assert "credentials" in ended.stderr
    assert PASSWORD not in ended.stderr
