"""One model of how to reach Kafka, in the forms that both client libraries want.

Names: librdkafka's CONFIGURATION.md; aiokafka's constructor and Faust's credentials.
"""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, FilePath, PositiveFloat, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

Protocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
Mechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"]


class KafkaSettings(BaseSettings):
    """How to reach the Kafka cluster; environment names begin with KEEPSTEP_KAFKA_."""

    model_config = SettingsConfigDict(
        env_prefix="KEEPSTEP_KAFKA_", frozen=True, extra="ignore"
    )

    bootstrap_servers: str = Field(
        min_length=3,
        pattern=r"^[^\s,]+:\d+(,[^\s,]+:\d+)*$",
        description="host:port of some brokers, with commas between",
    )
    security_protocol: Protocol = Field(
        "PLAINTEXT", description="how connections are secured"
    )
    sasl_mechanism: Mechanism | None = Field(
        None, description="how SASL_… protocols prove who we are"
    )
    sasl_username: str | None = Field(None, description="for PLAIN and SCRAM")
    sasl_password: SecretStr | None = Field(None, description="for PLAIN and SCRAM")
    ssl_ca_file: FilePath | None = Field(
        None, description="certificates to trust (PEM); the system's where not set"
    )
    ssl_certificate_file: FilePath | None = Field(
        None, description="our own certificate (PEM), for mutual TLS"
    )
    ssl_key_file: FilePath | None = Field(
        None, description="the key to our certificate (PEM)"
    )
    ssl_key_password: SecretStr | None = Field(
        None, description="opens the key file where it is encrypted"
    )
    oauth_token_url: str | None = Field(
        None,
        pattern="^https?://",
        description="token endpoint (client credentials), for OAUTHBEARER",
    )
    oauth_client_id: str | None = Field(None, description="for OAUTHBEARER")
    oauth_client_secret: SecretStr | None = Field(None, description="for OAUTHBEARER")
    oauth_scope: str | None = Field(None, description="for OAUTHBEARER, if it is asked")
    replication_factor: int = Field(
        3, ge=1, le=9, description="copies of each topic that `topics create` makes"
    )
    min_insync_replicas: int = Field(
        default_factory=lambda known: max(1, known.get("replication_factor", 3) - 1),
        ge=1,
        description="copies that must have a record before it counts as written; "
        "one less than replication_factor, at least 1",
    )
    connect_seconds_max: PositiveFloat = Field(
        10.0, description="how long a start may wait for the first answer of a broker"
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        sasl = self.security_protocol.startswith("SASL_")
        if sasl and self.sasl_mechanism is None:
            raise ValueError("sasl_mechanism: set it, security_protocol is SASL_…")
        if not sasl and self.sasl_mechanism is not None:
            raise ValueError(
                "security_protocol: set SASL_SSL, sasl_mechanism has no effect without"
            )
        for name in self._needed():
            if getattr(self, name) is None:
                raise ValueError(f"{name}: set it for {self.sasl_mechanism or 'SSL'}")
        if self.min_insync_replicas > self.replication_factor:
            raise ValueError(
                "min_insync_replicas: set it to replication_factor at most"
            )
        return self

    def _needed(self) -> tuple[str, ...]:
        if self.sasl_mechanism == "OAUTHBEARER":
            return "oauth_token_url", "oauth_client_id", "oauth_client_secret"
        if self.sasl_mechanism is not None:
            return "sasl_username", "sasl_password"
        if self.ssl_certificate_file is not None:
            return ("ssl_key_file",)
        return ()

    def librdkafka(self) -> dict[str, Any]:
        """Return what `confluent_kafka` clients take."""
        values: dict[str, Any] = {
            "bootstrap.servers": self.bootstrap_servers,
            "security.protocol": self.security_protocol,
            "sasl.mechanisms": self.sasl_mechanism,
            "sasl.username": self.sasl_username,
            "sasl.password": _open(self.sasl_password),
            "ssl.ca.location": _path(self.ssl_ca_file),
            "ssl.certificate.location": _path(self.ssl_certificate_file),
            "ssl.key.location": _path(self.ssl_key_file),
            "ssl.key.password": _open(self.ssl_key_password),
        }
        if self.sasl_mechanism == "OAUTHBEARER":
            values |= {
                "sasl.oauthbearer.method": "oidc",
                "sasl.oauthbearer.token.endpoint.url": self.oauth_token_url,
                "sasl.oauthbearer.client.id": self.oauth_client_id,
                "sasl.oauthbearer.client.secret": _open(self.oauth_client_secret),
                "sasl.oauthbearer.scope": self.oauth_scope,
            }
        return {name: v for name, v in values.items() if v is not None}

    def ssl_context(self) -> ssl.SSLContext | None:
        """Return the TLS side of a connection, or None where there is none."""
        if not self.security_protocol.endswith("SSL"):
            return None
        context = ssl.create_default_context(cafile=_path(self.ssl_ca_file))
        if self.ssl_certificate_file is not None:
            context.load_cert_chain(
                self.ssl_certificate_file,
                self.ssl_key_file,
                _open(self.ssl_key_password),
            )
        return context

    def aiokafka(self) -> dict[str, Any]:
        """Return what `aiokafka` takes; OAUTHBEARER needs a token provider beside."""
        values: dict[str, Any] = {
            "bootstrap_servers": self.bootstrap_servers.split(","),
            "security_protocol": self.security_protocol,
            "ssl_context": self.ssl_context(),
            "sasl_mechanism": self.sasl_mechanism,
            "sasl_plain_username": self.sasl_username,
            "sasl_plain_password": _open(self.sasl_password),
        }
        return {name: v for name, v in values.items() if v is not None}


def _open(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()


def _path(path: Path | None) -> str | None:
    return None if path is None else str(path)
