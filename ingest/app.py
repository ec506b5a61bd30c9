"""Wires the webhook process: settings in, requests answered until a signal comes."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
from dataclasses import dataclass

import structlog

from events.health import Health, serving
from events.kafka import KafkaSettings
from events.publisher import Publisher
from events.settings import InstallationSettings
from ingest.credentials import Credentials
from ingest.listener import Listener
from ingest.messages import Sorter
from ingest.metrics import Metrics
from ingest.reachability import Reachability
from ingest.settings import IngestSettings
from ingest.webhook import Webhook

log = structlog.get_logger()
LOOK_SECONDS = 1.0  # how soon a changed credentials file is seen
FLUSH_SECONDS_MAX = 3.0
BROKEN = 1


@dataclass(frozen=True)
class Configuration:
    """All that the process was told."""

    ingest: IngestSettings
    kafka: KafkaSettings
    installation: InstallationSettings


class App:
    """The parts of the running process, wired together."""

    def __init__(
        self, configuration: Configuration, credentials: Credentials, listener: Listener
    ) -> None:
        settings, installation = configuration.ingest, configuration.installation
        topics = installation.topics
        self._settings = settings
        self._credentials = credentials
        self._listener = listener
        self._publisher = publisher = Publisher(
            configuration.kafka,
            acknowledge_seconds_max=settings.acknowledge_seconds_max,
            linger_ms=settings.linger_ms,
            queued_messages_max=settings.queued_messages_max,
            queued_kib_max=settings.queued_kib_max,
        )
        self._reachability = Reachability(publisher, topics)
        self._metrics = metrics = Metrics()
        metrics.watch("queued_messages", "Waiting for Kafka", lambda: publisher.waiting)
        metrics.watch("connections", "Open ones", lambda: listener.connections)
        self._webhook = Webhook(
            credentials,
            Sorter(
                topics,
                settings.sources,
                installation.user_ref_secret.get_secret_value(),
            ),
            publisher,
            self._reachability,
            metrics,
            settings.body_bytes_max,
        )

    async def run(self) -> int:
        """Answer requests until SIGTERM or SIGINT; return the exit code.

        0 after a signal: all answered, all flushed, within 10 s. 1 when the producer
        broke for good: only a new process may go on without losing or mixing up.
        """
        stop, settings = _stop_on_signals(), self._settings
        # A line per malformed request would be anybody's means to flood us.
        logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
        try:
            async with serving(
                self._health(stop), settings.admin_host, settings.admin_port
            ) as admin_port:
                await self._listener.start(self._webhook)
                log.info(
                    "ingest.started", port=self._listener.port, admin_port=admin_port
                )
                await self._until(stop)
                log.info("ingest.stopping")
                await self._listener.stop()
        finally:
            await self._publisher.close(FLUSH_SECONDS_MAX)
        return 0 if self._publisher.fatal is None else BROKEN

    def _health(self, stop: asyncio.Event) -> Health:
        return Health(
            self._metrics.registry,
            ready={
                "kafka": self._reachability.check,
                "running": lambda: "stopping" if stop.is_set() else None,
            },
            notes={"credentials_file": lambda: self._credentials.broken},
        )

    async def _until(self, stop: asyncio.Event) -> None:
        gc.collect()
        gc.freeze()  # what lives as long as the process need not be looked at again
        async with asyncio.TaskGroup() as group:
            watches = [
                group.create_task(self._listener.sweep(), name="slow connections"),
                group.create_task(self._look(), name="credentials file"),
                group.create_task(self._reachability.watch(), name="kafka"),
            ]
            watches[-1].add_done_callback(lambda _: stop.set())  # a fatal error
            await stop.wait()
            for task in watches:
                task.cancel()

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self._credentials.reload_if_changed()


def _stop_on_signals() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop
