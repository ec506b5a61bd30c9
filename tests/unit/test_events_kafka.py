"""One model, two client libraries: the real models, and librdkafka's own judgement."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer
from pydantic import ValidationError

from events.kafka import KafkaSettings

TLS = Path(__file__).parents[1] / "payloads" / "tls"
CERTIFICATE, KEY = TLS / "certificate.pem", TLS / "key.pem"
PASSWORD = "eventhubs-connection-string-5d1f"
OIDC = {
    "oauth_token_url": "https://idp.example.com/token",
    "oauth_client_id": "keepstep",
    "oauth_client_secret": PASSWORD,
    "oauth_scope": "kafka",
}

# cluster → our settings, librdkafka's form, aiokafka's form; of both what differs from
# a plain connection.
CLUSTERS: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "plaintext": (
        {},
        {"security.protocol": "PLAINTEXT"},
        {"security_protocol": "PLAINTEXT"},
    ),
    "Confluent Cloud": (
        {
            "security_protocol": "SASL_SSL",
            "sasl_mechanism": "PLAIN",
            "sasl_username": "KEY",
            "sasl_password": PASSWORD,
        },
        {
            "security.protocol": "SASL_SSL",
            "sasl.mechanisms": "PLAIN",
            "sasl.username": "KEY",
            "sasl.password": PASSWORD,
        },
        {
            "security_protocol": "SASL_SSL",
            "sasl_mechanism": "PLAIN",
            "sasl_plain_username": "KEY",
            "sasl_plain_password": PASSWORD,
        },
    ),
    "MSK or Strimzi with SCRAM": (
        {
            "security_protocol": "SASL_SSL",
            "sasl_mechanism": "SCRAM-SHA-512",
            "sasl_username": "keepstep",
            "sasl_password": PASSWORD,
            "ssl_ca_file": CERTIFICATE,
        },
        {
            "security.protocol": "SASL_SSL",
            "sasl.mechanisms": "SCRAM-SHA-512",
            "sasl.username": "keepstep",
            "sasl.password": PASSWORD,
            "ssl.ca.location": str(CERTIFICATE),
        },
        {
            "security_protocol": "SASL_SSL",
            "sasl_mechanism": "SCRAM-SHA-512",
            "sasl_plain_username": "keepstep",
            "sasl_plain_password": PASSWORD,
        },
    ),
    "Redpanda with SCRAM-SHA-256 inside a VPC": (
        {
            "security_protocol": "SASL_PLAINTEXT",
            "sasl_mechanism": "SCRAM-SHA-256",
            "sasl_username": "keepstep",
            "sasl_password": PASSWORD,
        },
        {
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanisms": "SCRAM-SHA-256",
            "sasl.username": "keepstep",
            "sasl.password": PASSWORD,
        },
        {
            "security_protocol": "SASL_PLAINTEXT",
            "sasl_mechanism": "SCRAM-SHA-256",
            "sasl_plain_username": "keepstep",
            "sasl_plain_password": PASSWORD,
        },
    ),
    "any OIDC provider": (
        {
            "security_protocol": "SASL_SSL",
            "sasl_mechanism": "OAUTHBEARER",
            **OIDC,
        },
        {
            "security.protocol": "SASL_SSL",
            "sasl.mechanisms": "OAUTHBEARER",
            "sasl.oauthbearer.method": "oidc",
            "sasl.oauthbearer.token.endpoint.url": OIDC["oauth_token_url"],
            "sasl.oauthbearer.client.id": "keepstep",
            "sasl.oauthbearer.client.secret": PASSWORD,
            "sasl.oauthbearer.scope": "kafka",
        },
        {"security_protocol": "SASL_SSL", "sasl_mechanism": "OAUTHBEARER"},
    ),
    "Azure Event Hubs": (
        {
            "security_protocol": "SASL_SSL",
            "sasl_mechanism": "PLAIN",
            "sasl_username": "$ConnectionString",
            "sasl_password": PASSWORD,
        },
        {
            "security.protocol": "SASL_SSL",
            "sasl.mechanisms": "PLAIN",
            "sasl.username": "$ConnectionString",
            "sasl.password": PASSWORD,
        },
        {
            "security_protocol": "SASL_SSL",
            "sasl_mechanism": "PLAIN",
            "sasl_plain_username": "$ConnectionString",
            "sasl_plain_password": PASSWORD,
        },
    ),
    "Strimzi with mutual TLS": (
        {
            "security_protocol": "SSL",
            "ssl_ca_file": CERTIFICATE,
            "ssl_certificate_file": CERTIFICATE,
            "ssl_key_file": KEY,
        },
        {
            "security.protocol": "SSL",
            "ssl.ca.location": str(CERTIFICATE),
            "ssl.certificate.location": str(CERTIFICATE),
            "ssl.key.location": str(KEY),
        },
        {"security_protocol": "SSL"},
    ),
}


def settings(**values: Any) -> KafkaSettings:
    return KafkaSettings(bootstrap_servers="a:9092,b:9092", **values)


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_each_kind_of_cluster_gets_what_librdkafka_wants(cluster: str) -> None:
    given, wanted, _ = CLUSTERS[cluster]

    form = settings(**given).librdkafka()

    assert form == {"bootstrap.servers": "a:9092,b:9092", **wanted}


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_librdkafka_itself_takes_that_form(cluster: str) -> None:
    form = settings(**CLUSTERS[cluster][0]).librdkafka()

    # No broker and no token endpoint is asked before the producer is used.
    Producer({**form, "bootstrap.servers": "127.0.0.1:9", "log_level": 0})


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_each_kind_of_cluster_gets_what_aiokafka_wants(cluster: str) -> None:
    given, _, wanted = CLUSTERS[cluster]

    form = settings(**given).aiokafka()

    context = form.pop("ssl_context", None)
    assert form == {"bootstrap_servers": ["a:9092", "b:9092"], **wanted}
    assert (context is not None) == wanted["security_protocol"].endswith("SSL")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"security_protocol": "SASL_SSL"}, "sasl_mechanism"),
        ({"sasl_mechanism": "PLAIN"}, "security_protocol"),
        (
            {"security_protocol": "SASL_SSL", "sasl_mechanism": "SCRAM-SHA-256"},
            "sasl_username",
        ),
        (
            {
                "security_protocol": "SASL_SSL",
                "sasl_mechanism": "PLAIN",
                "sasl_username": "keepstep",
            },
            "sasl_password",
        ),
        (
            {"security_protocol": "SASL_SSL", "sasl_mechanism": "OAUTHBEARER"},
            "oauth_token_url",
        ),
        (
            {"security_protocol": "SSL", "ssl_certificate_file": CERTIFICATE},
            "ssl_key_file",
        ),
        ({"sasl_mechanism": "GSSAPI"}, "sasl_mechanism"),
        ({"replication_factor": 1, "min_insync_replicas": 2}, "min_insync_replicas"),
        ({"ssl_ca_file": "absent.pem"}, "ssl_ca_file"),
    ],
)
def test_settings_that_do_not_belong_together_are_refused_by_name(
    values: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValidationError, match=words):
        settings(**values)


def test_secrets_are_in_no_repr() -> None:
    for given, _, _ in CLUSTERS.values():
        assert PASSWORD not in repr(settings(**given))


@pytest.mark.parametrize(("replicas", "in_sync"), [(1, 1), (2, 1), (3, 2), (5, 4)])
def test_one_replica_may_be_away_where_there_are_several(
    replicas: int, in_sync: int
) -> None:
    assert settings(replication_factor=replicas).min_insync_replicas == in_sync
