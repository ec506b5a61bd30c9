"""The settings of the webhook process; their names begin with KEEPSTEP_INGEST_."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import Field, FilePath, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from events.topics import BODY_BYTES_MAX
from ingest.credentials_file import StrongSecret


class IngestSettings(BaseSettings):
    """Where the webhook listens, whom it believes, and how much it takes on."""

    model_config = SettingsConfigDict(
        env_prefix="KEEPSTEP_INGEST_", frozen=True, extra="ignore"
    )

    host: str = Field(
        "127.0.0.1",
        min_length=1,
        description="address to listen on; loopback, since a TLS proxy is expected "
        "beside it; 0.0.0.0 in a container",
    )
    port: int = Field(
        8080, ge=0, le=65535, description="port to listen on; 0 takes a free one"
    )
    tls_certificate_file: FilePath | None = Field(
        None, description="certificate chain (PEM), to serve https without a proxy"
    )
    tls_key_file: FilePath | None = Field(
        None, description="the key to that certificate (PEM)"
    )
    admin_host: str = Field(
        "127.0.0.1",
        min_length=1,
        description="address for /livez, /readyz and /metrics; never a public one",
    )
    admin_port: int = Field(
        9080, ge=0, le=65535, description="their port; 0 takes a free one"
    )
    bearer_tokens: Annotated[tuple[StrongSecret, ...], NoDecode] = Field(
        (),
        description="tokens that Auth0 may send, with commas between; all are valid "
        "at once, so that one can follow another",
    )
    credentials_file: FilePath | None = Field(
        None,
        description="TOML file with more of them (bearer, basic, header), read again "
        "whenever it changes",
    )
    sources: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="CloudEvents `source` values to accept, with commas between; "
        "events of others go to quarantine; none = all are accepted",
    )
    body_bytes_max: int = Field(
        BODY_BYTES_MAX,
        ge=1024,
        le=BODY_BYTES_MAX,
        description="largest body; a larger one is answered 413",
    )
    body_seconds_max: float = Field(
        10.0, gt=0, le=60, description="how long a body may take to arrive"
    )
    header_seconds_max: float = Field(
        10.0, gt=0, le=60, description="how long request line and headers may take"
    )
    header_bytes_max: int = Field(
        32 * 1024, ge=1024, le=1024 * 1024, description="size of path and headers"
    )
    headers_max: int = Field(100, ge=10, le=1000, description="number of headers")
    connections_max: int = Field(
        512,
        ge=1,
        le=60_000,
        description="open connections; more are turned away (503); this times "
        "body_bytes_max is the most memory that bodies can take",
    )
    keep_alive_seconds_max: float = Field(
        120.0,
        gt=0,
        le=3600,
        description="how long a connection may idle; longer than the sender's own "
        "limit (90 s in Go), so that we never hang up as it sends",
    )
    acknowledge_seconds_max: float = Field(
        4.0,
        gt=0,
        le=5,
        description="how long Kafka may take to acknowledge before the answer is 503",
    )
    linger_ms: float = Field(
        2.0,
        ge=0,
        le=100,
        description="how long a message waits for others to share a request with",
    )
    queued_messages_max: int = Field(
        20_000, ge=1, description="messages that may wait for Kafka; more are 503"
    )
    queued_kib_max: int = Field(
        64 * 1024,
        ge=5 * 1024,
        le=2_000_000,
        description="KiB that may wait for Kafka; more are 503",
    )

    @field_validator("bearer_tokens", "sources", mode="before")
    @classmethod
    def _parted(cls, value: Any) -> Any:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if not self.bearer_tokens and self.credentials_file is None:
            raise ValueError(
                "bearer_tokens: set it, or name a credentials_file: without a secret "
                "anybody could post; make one with `openssl rand -hex 32`"
            )
        if (self.tls_certificate_file is None) != (self.tls_key_file is None):
            other = self.tls_certificate_file
            missing = "tls_certificate_file" if other is None else "tls_key_file"
            raise ValueError(f"{missing}: set it, TLS needs both files")
        return self
