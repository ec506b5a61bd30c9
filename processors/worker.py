"""Wires one worker: settings, app, agents, partitions, destination."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import structlog

from events import admin
from events.exits import BadConfiguration, TooManyWorkers
from events.health import Health, serving
from events.kafka import KafkaSettings
from events.settings import InstallationSettings
from processors import interpreter
from processors.destination import Destination
from processors.group import agents
from processors.group.app import HEARTBEAT_SECONDS, Member, WorkerApp, build
from processors.parts import Parts, Told
from processors.rest.fleet import too_small, workers_max
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

    When it did not, Faust or the watchdog gave up: what was not acked will come again.
    """
    _check_deadlines(destination, settings)
    topics = installation.topics
    await asyncio.to_thread(admin.check, kafka, topics.of_destination(name))
    topic_id = await asyncio.to_thread(admin.topic_id, kafka, topics.events.name)
    told = Told(name, destination, settings, installation, kafka, topic_id)
    await asyncio.to_thread(_check_room, told)
    stop = _stop_signal()
    parts = Parts(told)
    member = Member(
        told.group,
        settings.id,
        settings.session_timeout_seconds,
        settings.drain_seconds_max,
    )
    app = build(member, kafka, topics.events.name, parts.partitions)
    agents.attach(app)
    async with AsyncExitStack() as opened:
        await parts.open(opened, app.membership, app)
        health = Health(
            parts.metrics.registry,
            parts.checks(),
            notes=parts.notes(),
            status=parts.status,
        )
        host, port = settings.admin_host, settings.admin_port
        listening = await opened.enter_async_context(serving(health, host, port))
        return await _serve(app, parts, stop, listening)


def _check_deadlines(destination: Destination, settings: WorkerSettings) -> None:
    """Refuse a call that could outlive the lease under which it starts."""
    session = settings.session_timeout_seconds
    lease = session - min(HEARTBEAT_SECONDS, session / 4)
    if destination.timeout_seconds >= lease:
        raise BadConfiguration(
            f"timeout_seconds = {destination.timeout_seconds:g} of the destination is "
            f"too long for KEEPSTEP_WORKER_SESSION_TIMEOUT_SECONDS={session:g}: a call "
            f"must end within {lease:g} s, before the partitions may be given away"
        )


def _check_room(told: Told) -> None:
    """Refuse to join where one more worker would leave somebody less than a call."""
    limits, partitions = told.destination.limits, told.installation.topics.partitions
    own = told.settings.id
    ids = admin.members(told.kafka, told.group)
    workers = 1 + sum(member is None or member != own for member in ids)
    limit = too_small(limits, workers, partitions)
    if limit is not None:
        most = workers_max(limits, workers, partitions)
        raise TooManyWorkers(
            f"too many workers for {told.name}: with {workers} of them one has less "
            f"than a call of [limits] {limit}: run {most} at most, or raise the limit "
            f"where the destination allows it"
        )


async def _serve(
    app: WorkerApp, parts: Parts, stop: asyncio.Event, admin_port: int
) -> bool:
    partitions = parts.partitions
    async with asyncio.TaskGroup() as group:
        group.create_task(partitions.run(), name="partitions")
        orders = group.create_task(parts.orders.run(), name="commands")
        watchdog = group.create_task(parts.watchdog(app).run(), name="watchdog")
        async with _started(app):
            interpreter.tune()
            log.info("worker.started", admin_port=admin_port, host=socket.gethostname())
            while not stop.is_set() and not app.crashed:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.5):
                        await stop.wait()
            crash = app.crash_reason
        orders.cancel()
        watchdog.cancel()
        partitions.close()
    if crash is not None and not stop.is_set():
        log.error("worker.crashed", error=type(crash).__name__)
        if isinstance(crash, BadConfiguration):
            raise crash
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

    def told() -> None:
        stop.set()
        # It may come while the app still joins its group, which takes its time.
        loop.call_later(EXIT_SECONDS_MAX, os._exit, 1)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told)
    return stop
