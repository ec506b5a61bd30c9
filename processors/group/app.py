"""Builds the Faust app; with agents and consumer the only place that knows Faust."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import faust
from faust.types import TP

from events.kafka import KafkaSettings
from processors.group import assumptions
from processors.group.consumer import Consumer, Transport
from processors.group.credentials import credentials
from processors.group.hooks import Hooks
from processors.group.membership import Membership
from processors.group.watchdog import Progress

logging.getLogger(__name__).setLevel(logging.WARNING)  # Faust names each start
HEARTBEAT_SECONDS = 3.0
REBALANCE_SECONDS_MAX = 60.0
MIB = 1024 * 1024


@dataclass(frozen=True)
class Member:
    """How a worker takes part in its consumer group.

    A `worker_id` makes it a static member: restarted within the session timeout, it
    has its partitions back at once.
    """

    group: str
    worker_id: str | None
    session_timeout_seconds: float
    drain_seconds_max: float


class WorkerApp(faust.App):
    """A Faust app that gives its partitions away in order, and leaves in time."""

    hooks: Hooks
    membership: Membership
    source: str
    drain_seconds_max: float

    def _new_transport(self) -> Any:
        return Transport(self.conf.broker_consumer, self)

    def _create_directories(self) -> None:
        """Make none: nothing is kept on disk, and a container may be read-only."""

    @property
    def member(self) -> Consumer:
        """The consumer, which is the member of the group."""
        return cast("Consumer", self.consumer)

    def pause_partition(self, partition: int) -> None:
        """Fetch no more of *partition* until it is resumed or assigned again."""
        self.member.hold(TP(self.source, partition))

    def resume_partition(self, partition: int) -> None:
        """Fetch *partition* again."""
        self.member.unhold(TP(self.source, partition))

    async def commit_marked(self, offsets: Mapping[int, int]) -> bool:
        """Commit *offsets* of owned partitions, and read on from there if further.

        False where the group has moved on, or nobody answers in time.
        """
        source = self.source
        marked = {TP(source, number): offset for number, offset in offsets.items()}
        return await self.member.commit_marked(marked)

    async def read_from(self, partition: int, offset: int) -> None:
        """Skip what comes before *offset* in an owned partition; never goes back."""
        await self.member.read_from(TP(self.source, partition), offset)

    def ends_read(self) -> dict[int, float]:
        """Return when each partition that is not behind was seen to end there."""
        return self.member.ends_read()

    def progress(self) -> dict[int, Progress]:
        """Return how far each owned partition is."""
        return self.member.progress()

    async def on_stop(self) -> None:
        """Drain before Faust stops its parts."""
        if self._consumer is not None:
            await self.member.release()
        await super().on_stop()

    def _crash(self, reason: BaseException) -> None:
        """Keep the first reason: the others follow from it."""
        if not self._crashed.is_set():
            super()._crash(reason)

    def _on_rebalance_when_stopped(self) -> None:
        """Go on stopping: Faust would close the client under the last commit."""


def build(member: Member, kafka: KafkaSettings, topic: str, hooks: Hooks) -> WorkerApp:
    """Return an app that reads *topic* as *member*; nothing is opened yet.

    Where a setting is not Faust's default, the default loses events or stops for ever.
    """
    assumptions.check()
    urls = [f"kafka://{server}" for server in kafka.bootstrap_servers.split(",")]
    session_seconds = member.session_timeout_seconds
    app = WorkerApp(
        member.group,
        broker=";".join(urls),
        broker_credentials=credentials(kafka),
        store="memory://",
        loop=asyncio.get_running_loop(),
        key_serializer="raw",
        value_serializer="raw",
        web_enabled=False,
        topic_disable_leader=True,
        topic_allow_declare=False,
        table_standby_replicas=1,  # 0 would change the assignor without a word
        consumer_group_instance_id=member.worker_id,
        consumer_auto_offset_reset="none",  # never a silent jump; see ConsumerThread
        consumer_max_fetch_size=5 * MIB,
        stream_buffer_maxsize=256,
        # A leader that joins while a broker is away may see no topic, and give nobody
        # a partition: it looks again soon.
        consumer_metadata_max_age_ms=10_000,
        broker_max_poll_records=500,  # what still comes of a partition that is paused
        broker_session_timeout=session_seconds,
        broker_heartbeat_interval=min(HEARTBEAT_SECONDS, session_seconds / 4),
        broker_rebalance_timeout=REBALANCE_SECONDS_MAX,
        broker_request_timeout=max(REBALANCE_SECONDS_MAX + 5.0, 2 * session_seconds),
        broker_commit_interval=1.0,
        # Beyond it an idle or held-back worker leaves the group and never returns.
        broker_max_poll_interval=2_000_000.0,
        producer_request_timeout=30.0,
        stream_processing_timeout=3600,
        broker_commit_livelock_soft_timeout=3600,
        agent_supervisor="mode.CrashingSupervisor",
        worker_redirect_stdouts=False,
    )
    app.hooks = hooks
    app.source = topic
    app.drain_seconds_max = member.drain_seconds_max
    app.membership = Membership(session_seconds, REBALANCE_SECONDS_MAX)
    return app
