"""The tables, the bars and the last line."""

from __future__ import annotations

from dataclasses import dataclass

from rich.table import Table

from bench.budget import backlog, fleet
from bench.budget.double import CALLS, PER_SECONDS
from bench.delivery.contestants import PARTITIONS
from bench.isolation.latency import percentile
from processors.settings import WorkerSettings

USED_MIN = 0.98
REACHED_SECONDS_MAX = 120.0
AGE_P99_SECONDS_MAX = 5.0
PARKED_BYTES, UNACKED_BYTES = 400, 1_000


def _default(setting: str) -> int:
    return int(WorkerSettings.model_fields[setting].default)


EVENTS_MAX, BYTES_MAX = _default("events_max"), _default("bytes_max")
UNACKED_MAX = _default("partition_distance_max") * PARTITIONS


@dataclass
class Figures:
    """What was measured; a part that was not is None."""

    fleet: fleet.Found | None = None
    backlog: backlog.Found | None = None


@dataclass(frozen=True)
class Row:
    """One figure; `wanted` is its bar, "" where it has none."""

    name: str
    found: str
    wanted: str = ""
    held: bool = True


def rows(found: Figures) -> list[Row]:
    """Return what a person wants to know."""
    of_fleet = [] if found.fleet is None else _of_fleet(found.fleet)
    of_backlog = [] if found.backlog is None else _of_backlog(found.backlog)
    return of_fleet + of_backlog


def _of_fleet(found: fleet.Found) -> list[Row]:
    names = ("two workers", "with a third", "two again")
    joined, left = (stop.seconds for stop in found.stops)
    return [
        Row("fleet: events, calls", f"{found.events:,}, {found.effects.calls:,}"),
        *[
            _used(f"fleet: calls used, {name}", part)
            for name, part in zip(names, found.used, strict=True)
        ],
        Row("fleet: stopped as one joined, left", f"{joined:.1f} s, {left:.1f} s"),
        *_limit("fleet", found.most, found.refused),
        _none("fleet: final records wrong", found.effects.stale),
        _none("fleet: calls out of order", found.effects.reordered),
    ]


def _of_backlog(found: backlog.Found) -> list[Row]:
    p50, p99 = (percentile(found.ages, share) for share in (0.5, 0.99))
    last = found.held[-1]
    parked = max(held.parked for held in found.held)
    left = found.plan.events - found.ended
    return [
        Row(
            f"backlog: of {found.plan.events:,} events, not waited for",
            f"{left:,}: at {CALLS / PER_SECONDS:g} calls/s they take "
            f"{left * found.calls / found.ended / (CALLS / PER_SECONDS) / 60:.0f} min",
        ),
        Row(
            "backlog: calls, per event",
            f"{found.calls:,}, {found.calls / found.ended:.2f}",
        ),
        _most(
            "backlog: seconds to the log's end",
            found.reached_seconds,
            REACHED_SECONDS_MAX,
        ),
        Row("live: events, p50 of their age", f"{len(found.ages)}, {p50:.2f} s"),
        _most("live: p99 of their age, s", p99, AGE_P99_SECONDS_MAX),
        _used("backlog: calls used, from the log's end on", found.used),
        *_limit("backlog", found.most, found.refused),
        _none("backlog: calls out of order", found.reordered),
        Row("backlog: parked at most, un-acked last", f"{parked:,}, {last.unacked:,}"),
        Row(
            "backlog: restart, until it serves",
            f"{found.restart_seconds:.1f} s, {found.rss_mb_restarted:.0f} MB",
        ),
        *_memory(found),
    ]


def _memory(found: backlog.Found) -> list[Row]:
    most = max(held.rss_mb for held in found.held)
    events = max(held.in_memory for held in found.held)
    step = max(1, len(found.held) // 10)
    course = ", ".join(f"{held.rss_mb:.0f}" for held in found.held[::step])
    bound = memory_mb_max(found)
    return [
        Row("backlog: memory, MB", f"{found.rss_mb_idle:.0f} idle, then {course}"),
        Row(
            "backlog: memory at most, MB",
            f"{most:.0f}",
            f"≤ {bound:.0f}",
            most <= bound,
        ),
        Row(
            "backlog: events in memory at most",
            f"{events:,}",
            f"≤ {EVENTS_MAX:,}",
            events <= EVENTS_MAX,
        ),
    ]


def memory_mb_max(found: backlog.Found) -> float:
    """Return what the worker may take, in 10^6 bytes.

    That is what it took before, the bytes of the events that it may hold, and a little
    for each event that is parked or whose message waits to be acked.
    """
    parked = max(held.parked for held in found.held)
    small_bytes = PARKED_BYTES * parked + UNACKED_BYTES * UNACKED_MAX
    return found.rss_mb_idle + (BYTES_MAX + small_bytes) / 1e6


def table(shown: list[Row]) -> Table:
    """Return the rows with their bars."""
    made = Table("", "found", "wanted", "")
    for row in shown:
        verdict = ("held" if row.held else "MISSED") if row.wanted else ""
        made.add_row(row.name, row.found, row.wanted, verdict)
    return made


def result(found: Figures) -> str:
    """Return the line that scripts read."""
    parts = list[float]()
    refused = 0
    if found.fleet is not None:
        parts += found.fleet.used
        refused += found.fleet.refused
    if found.backlog is not None:
        parts.append(found.backlog.used)
        refused += found.backlog.refused
    return f"RESULT allowance_used={min(parts):.3f} answers_429={refused}"


def _used(name: str, part: float) -> Row:
    return Row(name, f"{part:.1%}", f"≥ {USED_MIN:.0%}", part >= USED_MIN)


def _limit(of: str, most: int, refused: int) -> list[Row]:
    name = f"{of}: most calls in any {PER_SECONDS} s"
    return [
        Row(name, str(most), f"≤ {CALLS}", most <= CALLS),
        _none(f"{of}: answers 429", refused),
    ]


def _most(name: str, found: float, most: float) -> Row:
    return Row(name, f"{found:.2f}", f"≤ {most:g}", found <= most)


def _none(name: str, found: int) -> Row:
    return Row(name, str(found), "0", found == 0)
