"""Wires one worker: settings, app, agents, partitions, destination."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import structlog
from confluent_kafka import TopicCollection
from confluent_kafka.admin import AdminClient

from events import admin
from events.health import Health, serving
from events.kafka import KafkaSettings
from events.publisher import Publisher
from events.settings import InstallationSettings
from processors import agents
from processors.app import WorkerApp, build
from processors.attempts import Attempts
from processors.destination import Destination
from processors.ledger.writer import Writer
from processors.metrics import WorkerMetrics
from processors.partition import Tools
from processors.partitions import Partitions
from processors.refs import References
from processors.rest.budget import Budget
from processors.rest.client import RestClient
from processors.settings import WorkerSettings

log = structlog.get_logger()
EXIT_SECONDS_MAX = 25.0


async def run(
    name: str,
    destination: Destination,
    settings: WorkerSettings,
    installation: InstallationSettings,
    kafka: KafkaSettings,
) -> bool:
    """Keep *destination* in step until SIGTERM or SIGINT; return whether it went well.

    When it did not, Faust gave up: what was not acked will be delivered again.
    """
    topics = installation.topics
    await asyncio.to_thread(admin.check, kafka, topics.of_destination(name))
    metrics = WorkerMetrics(name)
    references = References(installation.user_ref_secret.get_secret_value())
    stop = _stop_signal()
    async with AsyncExitStack() as opened:
        publisher = Publisher(kafka, acknowledge_seconds_max=30.0)
        opened.push_async_callback(publisher.close)
        client = await opened.enter_async_context(
            RestClient(destination, destination.lookup)
        )
        budget = Budget(destination.limits)
        tools = Tools(
            kafka=kafka,
            topics=topics,
            destination=name,
            topic_ref=await asyncio.to_thread(_topic_ref, kafka, topics.events.name),
            attempts=Attempts(destination, client, budget, metrics, references),
            writer=Writer(publisher, topics, name, references, metrics),
            policy=settings.retry_policy,
            queued_messages_max=settings.queued_messages_max,
            drain_seconds_max=settings.drain_seconds_max,
        )
        partitions = Partitions(tools)
        group = f"{installation.installation}.{name}"
        app = build(group, kafka, settings.session_timeout_seconds, partitions.release)
        agents.attach(app, topics.events.name, tools.topic_ref, partitions)
        health = Health(
            metrics.registry,
            ready={
                "assigned": lambda: None if partitions.assigned else "not yet",
                "producer": lambda: publisher.fatal,
            },
        )
        host, port = settings.admin_host, settings.admin_port
        listening = await opened.enter_async_context(serving(health, host, port))
        return await _serve(app, partitions, stop, listening)


async def _serve(
    app: WorkerApp, partitions: Partitions, stop: asyncio.Event, admin_port: int
) -> bool:
    async with asyncio.TaskGroup() as group:
        group.create_task(partitions.run(), name="partitions")
        async with _started(app):
            log.info("worker.started", admin_port=admin_port)
            while not stop.is_set() and not app.crashed:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.5):
                        await stop.wait()
            crash = app.crash_reason
        partitions.close()
    if crash is not None and not stop.is_set():
        log.error("worker.crashed", error=type(crash).__name__)
        return False
    log.info("worker.stopped")
    return True


@contextlib.asynccontextmanager
async def _started(app: WorkerApp) -> AsyncIterator[None]:
    """Start *app*, and stop it within the deadline, come what may."""
    await app.start()
    try:
        yield
    finally:
        # app.stop() cannot be cancelled where it waits; the process then ends hard,
        # and what was not committed is delivered again.
        loop = asyncio.get_running_loop()
        hard = loop.call_later(EXIT_SECONDS_MAX, os._exit, 1)
        await app.stop()
        hard.cancel()


def _stop_signal() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


def _topic_ref(kafka: KafkaSettings, topic: str) -> str:
    """Return 8 characters of the topic's id: one incarnation of the topic."""
    client = AdminClient({**kafka.librdkafka(), "log_level": 0})
    described = client.describe_topics(TopicCollection([topic]), request_timeout=10.0)
    return str(described[topic].result().topic_id)[:8]
