"""What a worker holds now, asked anew at every scrape."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping

from prometheus_client.core import GaugeMetricFamily, Metric

from processors.delivery.partition import Partition
from processors.group.watchdog import Progress
from processors.rest.gate import Gate

STATES = ("waiting", "held", "review", "grace", "budget")


class Gauges:
    """Lanes, parked events, memory, lag and the gate of one worker's partitions."""

    def __init__(
        self,
        destination: str,
        owned: Callable[[], Iterable[Partition]],
        gate: Gate,
        progress: Callable[[], Mapping[int, Progress]],
        calls_left: Callable[[], int | None],
    ) -> None:
        self._destination = destination
        self._owned = owned
        self._gate = gate
        self._progress = progress
        self._calls_left = calls_left

    def collect(self) -> Iterator[Metric]:
        """Return the gauges as they are now."""
        partitions = list(self._owned())
        yield self._each("lanes", "Users of whom something waits", partitions, _lanes)
        yield self._each("in_memory", "Events in memory", partitions, _events)
        yield self._each("in_memory_bytes", "Their bytes", partitions, _bytes)
        yield self._each("lag", "Messages that have not ended", partitions, self._lag)
        yield self._each("unacked", "Messages not acked", partitions, _unacked)
        yield self._each("paused", "Paused by an operator", partitions, _paused)
        yield self._each(
            "redelivered",
            "Messages since the start that came after their event had ended",
            partitions,
            _redelivered,
        )
        yield self._each(
            "oldest_unsettled_seconds",
            "Age of the oldest event that has neither ended nor been parked",
            partitions,
            _oldest_seconds,
        )
        yield self._parked(partitions)
        closed = GaugeMetricFamily(
            "keepstep_worker_gate_closed",
            "Whether no calls start because the destination as a whole is at fault",
            labels=["destination", "cause"],
        )
        state = self._gate.state(time.monotonic())
        closed.add_metric(
            [self._destination, state.cause or ""], state.cause is not None
        )
        yield closed
        left = self._calls_left()
        if left is not None:
            name = "keepstep_worker_budget_left_calls"
            sentence = "Calls that are left of the hour or day, of this worker's share"
            family = GaugeMetricFamily(name, sentence, labels=["destination"])
            family.add_metric([self._destination], left)
            yield family

    def _each(
        self,
        name: str,
        sentence: str,
        partitions: Iterable[Partition],
        value: Callable[[Partition], float | None],
    ) -> Metric:
        labels = ["destination", "partition"]
        family = GaugeMetricFamily(f"keepstep_worker_{name}", sentence, labels=labels)
        for partition in partitions:
            found = value(partition)
            if found is not None:
                family.add_metric([self._destination, str(partition.number)], found)
        return family

    def _lag(self, partition: Partition) -> float | None:
        progress = self._progress().get(partition.number)
        return None if progress is None else progress.lag

    def _parked(self, partitions: Iterable[Partition]) -> Metric:
        family = GaugeMetricFamily(
            "keepstep_worker_parked",
            "Events that wait for another attempt or a person",
            labels=["destination", "partition", "state"],
        )
        for partition in partitions:
            states: Counter[str] = Counter(
                event.entry.state
                for lane in partition.lanes
                for event in lane.events
                if event.entry is not None
            )
            for state in STATES:
                labels = [self._destination, str(partition.number), state]
                family.add_metric(labels, states[state])
        return family


def _lanes(partition: Partition) -> float:
    return len(partition.lanes)


def _events(partition: Partition) -> float:
    return partition.intake.memory.events


def _bytes(partition: Partition) -> float:
    return partition.intake.memory.size_bytes


def _unacked(partition: Partition) -> float:
    return len(partition.intake.sequencer)


def _paused(partition: Partition) -> float:
    return partition.durable.meta.paused


def _redelivered(partition: Partition) -> float:
    return partition.intake.redelivered


def _oldest_seconds(partition: Partition) -> float:
    event = partition.intake.memory.get(partition.intake.sequencer.oldest)
    if event is None or event.body is None:
        return 0.0
    return max(0.0, time.time() - float(event.body.received_at))
