"""What the workers noted: calls, transactions, and partitions won and lost."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from tests.history.ledger import Place
from tests.history.records import Line


@dataclass(slots=True)
class Call:
    """One request that a worker set out to make."""

    id: str
    worker: str
    partition: int
    offsets: tuple[int, ...]
    began_at: float
    ended_at: float | None = None
    saw: str | None = None

    @property
    def places(self) -> list[Place]:
        """Return where the events are that the call stands for."""
        return [(self.partition, offset) for offset in self.offsets]


@dataclass(frozen=True, slots=True)
class Write:
    """A transaction that became durable."""

    worker: str
    partition: int
    began_at: float
    durable_at: float


class Calls:
    """The call logs of all workers."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self.by_id: dict[str, Call] = {}
        self.writes: list[Write] = []
        self._durable: defaultdict[tuple[str, Place], list[float]] = defaultdict(list)
        self._assigned: defaultdict[tuple[str, int], list[float]] = defaultdict(list)
        self._owned: defaultdict[int, list[tuple[float, str]]] = defaultdict(list)
        self._fenced: defaultdict[tuple[str, int], list[float]] = defaultdict(list)
        for line in sorted(lines, key=lambda line: line.at):
            self._take(line)

    def durable_at(self, call: Call) -> float | None:
        """Return when the call's worker had durably settled or parked its events."""
        firsts = [
            _first(self._durable.get((call.worker, place), []), call.began_at)
            for place in call.places
        ]
        return min((at for at in firsts if at is not None), default=None)

    def assigned_at(self, worker: str, partition: int, after: float) -> float | None:
        """Return when the group next gave *partition* to *worker*."""
        return _first(self._assigned.get((worker, partition), []), after)

    def taken_over_at(self, partition: int, former: str, after: float) -> float | None:
        """Return when another than *former* next served *partition*."""
        owners = self._owned.get(partition, [])
        found = (at for at, who in owners if at > after and who != former)
        return next(found, None)

    def fenced_at(self, call: Call) -> float | None:
        """Return when the call's worker next lost the call's partition."""
        lost = self._fenced.get((call.worker, call.partition), [])
        return _first(lost, call.began_at)

    def _take(self, line: Line) -> None:
        match line.kind:
            case "start":
                name = line.call or ""
                self.by_id[name] = Call(
                    name, line.worker, line.partition, line.offsets, line.at
                )
            case "end":
                call = self.by_id[line.call or ""]
                call.ended_at, call.saw = line.at, line.saw
            case "durable":
                began_at = line.at if line.began_at is None else line.began_at
                self.writes.append(
                    Write(line.worker, line.partition, began_at, line.at)
                )
                for offset in line.offsets:
                    place = line.partition, offset
                    self._durable[line.worker, place].append(line.at)
            case "owner":
                self._owned[line.partition].append((line.at, line.worker))
            case "assigned":
                self._assigned[line.worker, line.partition].append(line.at)
            case "fenced":
                self._fenced[line.worker, line.partition].append(line.at)


def _first(times: list[float], after: float) -> float | None:
    at = bisect_left(times, after)
    return times[at] if at < len(times) else None
