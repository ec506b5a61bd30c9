"""The settings of a worker; environment names begin with KEEPSTEP_WORKER_."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import DirectoryPath, Field, PositiveFloat, PositiveInt, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

import destinations
from processors.delivery.retry import RetryPolicy

_MINUTE, _HOUR = 60.0, 3600.0


def _shipped() -> Path:
    return Path(next(iter(destinations.__path__)))


class WorkerSettings(BaseSettings):
    """How one worker process runs."""

    model_config = SettingsConfigDict(
        env_prefix="KEEPSTEP_WORKER_", frozen=True, extra="ignore"
    )

    admin_host: str = Field(
        "127.0.0.1", description="where /livez, /readyz and /metrics listen"
    )
    admin_port: int = Field(9081, ge=0, le=65535, description="their port; 0 = any")
    destinations_dir: DirectoryPath = Field(
        default_factory=_shipped,
        description="where the destination files are; those that come with Keepstep",
    )
    retry_waits_seconds: Annotated[tuple[PositiveFloat, ...], NoDecode] = Field(
        (
            1.0,
            5.0,
            30.0,
            5 * _MINUTE,
            30 * _MINUTE,
            2 * _HOUR,
            5 * _HOUR,
            10 * _HOUR,
            24 * _HOUR,
        ),
        min_length=1,
        max_length=50,
        description="waits after attempt 1, 2, 3 …, commas between; then a dead letter",
    )
    queued_messages_max: PositiveInt = Field(
        64, le=10_000, description="messages of one partition that wait in memory"
    )
    session_timeout_seconds: PositiveFloat = Field(
        20.0, ge=6.0, description="silence after which the group gives partitions away"
    )
    drain_seconds_max: PositiveFloat = Field(
        15.0, le=20.0, description="how long a stop waits for calls in flight"
    )

    @field_validator("retry_waits_seconds", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return value.split(",") if isinstance(value, str) else value

    @property
    def retry_policy(self) -> RetryPolicy:
        """When a failed attempt is repeated."""
        return RetryPolicy(self.retry_waits_seconds)
