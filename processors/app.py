"""Builds the Faust app; with `agents` the only place that knows Faust."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import faust
from faust.transport.drivers import aiokafka as driver

from events.kafka import KafkaSettings
from processors.credentials import credentials

logging.getLogger(__name__).setLevel(logging.WARNING)  # Faust names each start
Release = Callable[[], Awaitable[None]]


class _Consumer(driver.Consumer):
    """Lets events in hand end, and commits, before partitions go to somebody else.

    Faust would wait without a deadline for every message it handed out, and would
    forget what was acked but not committed (consumer.py, `on_partitions_revoked`).
    """

    async def on_partitions_revoked(self, revoked: Any) -> None:
        """Drain, commit, then let Faust forget the partitions."""
        app: Any = self.app
        await app.drain()
        await super().on_partitions_revoked(revoked)


class _Transport(driver.Transport):
    Consumer = _Consumer


class WorkerApp(faust.App):
    """A Faust app that releases its partitions before it gives them away or stops."""

    release: Release

    def _new_transport(self) -> Any:
        return _Transport(self.conf.broker_consumer, self)

    def _create_directories(self) -> None:
        """Make none: nothing is kept on disk, and a container may be read-only."""

    async def drain(self) -> None:
        """Stop taking, let events in hand end, commit what has ended."""
        self.consumer.stop_flow()
        self.flow_control.suspend()
        await self.release()
        await self.consumer.commit()

    async def on_stop(self) -> None:
        """Drain before Faust stops its parts."""
        if self._consumer is not None:
            await self.drain()
        await super().on_stop()


def build(
    group: str, kafka: KafkaSettings, session_timeout_seconds: float, release: Release
) -> WorkerApp:
    """Return an app of consumer group *group*; nothing is opened yet.

    Where a setting is not Faust's default, the default loses events or stops for ever.
    """
    urls = [f"kafka://{server}" for server in kafka.bootstrap_servers.split(",")]
    app = WorkerApp(
        group,
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
        consumer_auto_offset_reset="earliest",
        consumer_max_fetch_size=5 * 1024 * 1024,
        stream_buffer_maxsize=256,
        broker_session_timeout=session_timeout_seconds,
        broker_heartbeat_interval=3.0,
        broker_rebalance_timeout=60.0,
        broker_request_timeout=max(60.0, 2 * session_timeout_seconds),
        broker_commit_interval=1.0,
        # Beyond it an idle or held-back worker leaves the group and never returns.
        broker_max_poll_interval=2_000_000.0,
        producer_request_timeout=30.0,
        stream_processing_timeout=3600,
        broker_commit_livelock_soft_timeout=3600,
        agent_supervisor="mode.CrashingSupervisor",
        worker_redirect_stdouts=False,
    )
    app.release = release
    return app
