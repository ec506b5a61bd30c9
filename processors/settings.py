"""The settings of a worker; environment names begin with KEEPSTEP_WORKER_."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import DirectoryPath, Field, PositiveFloat, PositiveInt, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

import destinations
from processors.delivery.bounds import Bounds
from processors.delivery.retry import RetryPolicy

_MINUTE, _HOUR = 60.0, 3600.0
MIB = 1024 * 1024


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
    id: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9._-]{1,200}$",
        description="unique name of this worker, the same after a restart (a pod's "
        "ordinal): then a restart takes seconds, not a session timeout. Two workers of "
        "a destination with one name push each other out of the group",
    )
    calls_in_flight_max: PositiveInt = Field(
        64, le=10_000, description="calls of one worker at the same time"
    )
    events_max: PositiveInt = Field(
        10_000, description="events of one worker in memory"
    )
    bytes_max: PositiveInt = Field(
        128 * MIB, description="bytes of those; beyond either no more are taken"
    )
    partition_events_max: PositiveInt = Field(
        2_000, description="events of one partition in memory; beyond it it is paused"
    )
    partition_bytes_max: PositiveInt = Field(
        32 * MIB, description="bytes of those; beyond it the partition is paused"
    )
    partition_distance_max: PositiveInt = Field(
        4_000,
        description="offsets between a partition's oldest un-acked event and its "
        "newest; beyond it the lane that holds them back is parked",
    )
    lane_events_max: PositiveInt = Field(
        64, description="events of one user that wait in memory for a next attempt"
    )
    memory_wait_seconds_max: PositiveFloat = Field(
        2.0, description="a longer wait for a next attempt is spent in the retry topic"
    )
    fold_events_max: PositiveInt = Field(
        200, le=400, description="events of one user that one attempt may stand for"
    )
    early_try_seconds_min: PositiveFloat = Field(
        60.0,
        description="between tries of a parked user that a new event brings forward",
    )
    backlog_after_seconds: PositiveFloat = Field(
        60.0,
        description="an event older than this when it comes, or that has waited as "
        "long, is backlog: younger ones get at least half of the calls",
    )
    commit_interval_seconds: PositiveFloat = Field(
        0.08,
        le=1.0,
        description="between two transactions of a busy partition, at least: longer, "
        "up to 0.5, where they take long",
    )
    transaction_timeout_seconds: PositiveFloat = Field(
        15.0, ge=5.0, le=60.0, description="after it Kafka gives a transaction up"
    )
    session_timeout_seconds: PositiveFloat = Field(
        20.0, ge=6.0, description="silence after which the group gives partitions away"
    )
    drain_seconds_max: PositiveFloat = Field(
        15.0, le=20.0, description="how long a stop waits for calls in flight"
    )
    stuck_seconds_max: PositiveFloat = Field(
        120.0, description="without any progress though there is work: exit 1"
    )

    @field_validator("retry_waits_seconds", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return value.split(",") if isinstance(value, str) else value

    @property
    def retry_policy(self) -> RetryPolicy:
        """When a failed attempt is repeated."""
        return RetryPolicy(self.retry_waits_seconds)

    @property
    def bounds(self) -> Bounds:
        """What one partition may hold."""
        return Bounds(
            events_max=self.partition_events_max,
            bytes_max=self.partition_bytes_max,
            distance_max=self.partition_distance_max,
            lane_events_max=self.lane_events_max,
            memory_wait_seconds_max=self.memory_wait_seconds_max,
            fold_events_max=self.fold_events_max,
            early_try_seconds_min=self.early_try_seconds_min,
            backlog_after_seconds=self.backlog_after_seconds,
        )
