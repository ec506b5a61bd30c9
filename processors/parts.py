"""The parts of one worker, each made once and told what it needs."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace

from events import headers as h
from events.health import Check
from events.kafka import KafkaSettings
from events.settings import InstallationSettings
from processors.attempts import Attempts
from processors.correlation.reading import Fingerprints
from processors.delivery.brake import Brake
from processors.delivery.lanes import Rules
from processors.delivery.spend import Spend
from processors.destination import Destination
from processors.gauges import Gauges
from processors.group.app import WorkerApp
from processors.group.membership import Membership
from processors.group.watchdog import Watchdog, Watched, reachable
from processors.ledger.bodies import Bodies
from processors.ledger.commits import Commits
from processors.ledger.encode import Encoder
from processors.ledger.loading import Loading, Source
from processors.ledger.orders import Orders
from processors.ledger.placing import Placing
from processors.ledger.values import Values
from processors.metrics import WorkerMetrics
from processors.pace import Pace
from processors.partitions import Partitions, WorkerBounds
from processors.refs import References
from processors.rest.allowance import counted
from processors.rest.budget import Budget
from processors.rest.client import RestClient
from processors.rest.gate import Gate
from processors.settings import WorkerSettings
from processors.tools import Tools

THREADS_MAX = 16


@dataclass(frozen=True)
class Told:
    """What a worker was told before it began."""

    name: str
    destination: Destination
    settings: WorkerSettings
    installation: InstallationSettings
    kafka: KafkaSettings
    topic_id: str

    @property
    def group(self) -> str:
        """Name of the consumer group, and first part of the transactional ids."""
        return f"{self.installation.installation}.{self.name}"


class Parts:
    """Everything that a worker is made of, but Faust."""

    def __init__(self, told: Told) -> None:
        self._told = told
        self._topics = told.installation.topics
        settings, destination = told.settings, told.destination
        secret = told.installation.user_ref_secret.get_secret_value()
        self._references = References(secret)
        self._fingerprints = Fingerprints(secret)
        self.metrics = WorkerMetrics(told.name)
        self.gate = Gate()
        self._budget = Budget(destination.limits, settings.calls_in_flight_max)
        bounds = settings.bounds
        counts = counted(destination.limits)
        rules = Rules(
            bounds if destination.fold else replace(bounds, fold_events_max=1),
            settings.retry_policy,
            destination.held_types,
            destination.ends_fold,
            Brake(destination.deactivations_per_hour_max, self._topics.partitions),
            None if counts is None else Spend(*counts),
        )
        worker_bounds = WorkerBounds(
            settings.events_max,
            settings.bytes_max,
            settings.drain_seconds_max,
        )
        events = self._topics.events
        placing = Placing(events.name, events.partitions)
        self.partitions = Partitions(
            told.topic_id, rules, worker_bounds, self.gate, placing
        )
        commands = self._topics.commands(told.name).name
        self.orders = Orders(
            told.kafka, commands, self.partitions.order, self.partitions.orders_waiting
        )

    async def open(
        self, opened: AsyncExitStack, membership: Membership, app: WorkerApp
    ) -> None:
        """Open what has to be closed again, and put the parts together."""
        told, settings = self._told, self._told.settings
        values = Values(told.kafka, self._topics.retry(told.name))
        opened.callback(values.close)
        commits = Commits(
            told.kafka,
            told.group,
            self._topics.events.name,
            [topic.name for topic in self._topics.written_by(told.name)],
            min(self._topics.partitions, THREADS_MAX),
            transaction_timeout_seconds=settings.transaction_timeout_seconds,
        )
        opened.push_async_callback(commits.close_all)
        lease = _Lease(membership, told.destination.timeout_seconds)
        budget = self._budget
        client = await opened.enter_async_context(
            RestClient(
                told.destination,
                told.destination.lookup,
                lease.holds,
                targets=told.destination.fields,
                pace=budget,
            )
        )
        source = Source(
            told.kafka, self._topics, told.name, told.group, told.destination.start
        )
        worker = f"{socket.gethostname()}:{os.getpid()}"
        tools = Tools(
            attempts=self._attempts(client, budget),
            commits=commits,
            encoder=Encoder(self._topics, told.name, self._references, worker),
            loading=Loading(source),
            bodies=Bodies(values),
            member=lease,
            metrics=self.metrics,
            pace=Pace(settings.commit_interval_seconds),
            urgent=self.partitions.urgent,
            worker=self.partitions,
            watch=self.orders.watch,
        )
        self.partitions.wire(tools, lease, app)
        cores, left = self.partitions.cores, budget.left
        gauges = Gauges(told.name, cores, self.gate, app.progress, left)
        self.metrics.watch(gauges)

    def _attempts(self, client: RestClient, budget: Budget) -> Attempts:
        destination = self._told.destination
        return Attempts(
            rules=destination,
            client=client,
            budget=budget,
            gate=self.gate,
            metrics=self.metrics,
            references=self._references,
            fingerprints=self._fingerprints,
            attempts_max=self._told.settings.retry_policy.attempts_max,
        )

    def watchdog(self, app: WorkerApp) -> Watchdog:
        """Return what ends the process when nothing moves though it should."""
        servers = self._told.kafka.bootstrap_servers
        watched = Watched(
            progress=app.progress,
            is_member=lambda: app.membership.is_member,
            excused=self.partitions.excused,
            reachable=lambda: reachable(servers),
        )
        return Watchdog(watched, self._told.settings.stuck_seconds_max)

    def checks(self) -> Mapping[str, Check]:
        """Return what must be well for the worker to be ready, by name."""
        return {"partitions": self.partitions.trouble}

    def notes(self) -> Mapping[str, Check]:
        """Return what a person may want to know, and what stops nobody."""
        return {
            "gate": self._gate_note,
            "paused": self.partitions.pauses,
            "budget": self._budget_note,
        }

    def status(self) -> dict[str, object]:
        """Return what `keepstep status` asks a worker."""
        state = self.gate.state(time.monotonic())
        since = h.instant(time.time() - state.closed_seconds)
        gate = {
            "open": state.cause is None,
            "cause": state.cause,
            "reason": state.reason or None,
            "since": since if state.cause else None,
        }
        return {"destination": self._told.name, "gate": gate}

    def _budget_note(self) -> str | None:
        seconds = self._budget.used_up_seconds()
        return f"used up, next call in {seconds:.0f} s" if seconds else None

    def _gate_note(self) -> str | None:
        state = self.gate.state(time.monotonic())
        if state.cause is None:
            return None
        return (
            f"closed for {state.closed_seconds:.0f} s: {state.cause} ({state.reason}), "
            f"next probe in {state.probe_in_seconds:.0f} s"
        )


@dataclass(frozen=True)
class _Lease:
    """What this worker may do by its membership; see `membership`."""

    membership: Membership
    call_seconds_max: float

    def holds(self) -> bool:
        """Whether what is done now is done as the owner."""
        return self.membership.holds(time.monotonic())

    def may_own(self) -> bool:
        """Whether partitions may be opened and served."""
        return self.holds()

    def may_call(self) -> bool:
        """Whether a call that starts now ends while the partitions are surely ours."""
        return self.membership.holds(time.monotonic(), self.call_seconds_max)
