"""What the turns came to: medians, the table, the bars and the last line."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import nan
from statistics import median

from rich.table import Column, Table

from bench.delivery.acquire import Acquired
from bench.delivery.scenario import Scenario
from bench.delivery.turn import Turn

OURS, BARE, PEER = "ours", "ours, no ledger", "pyrallel-consumer"
SHARE_OF_PEER_MIN = 0.8
LEDGER_CPU_MS_MAX = 0.2
ACQUIRE_SECONDS_MAX = 6.0
ACQUIRE_MB_MAX = 1200.0
TRANSACTIONS_PER_SECOND_MAX = 20.0
SETTLE_P99_MS_MAX = 150.0

Turns = Mapping[tuple[Scenario, str], Sequence[Turn]]


@dataclass(frozen=True)
class Figures:
    """Everything that a run found."""

    turns: Turns
    acquired: Acquired | None

    @property
    def correct(self) -> bool:
        """Whether our worker kept order and left the newest state behind."""
        return not any(
            turn.effects.reordered or turn.effects.stale
            for (_, title), turns in self.turns.items()
            for turn in turns
            if title == OURS
        )

    def decisive(self, title: str, figure: Callable[[Turn], float | None]) -> float:
        """Return the median of the turns that decide; nan where there was none."""
        return next(
            (
                _median(turns, figure)
                for (scenario, name), turns in self.turns.items()
                if scenario.decides and name == title
            ),
            nan,
        )

    @property
    def ledger_cpu_ms_per_event(self) -> float:
        """What the worker spends on its ledger for one event."""
        with_it, without = (
            self.decisive(title, lambda turn: turn.cpu_ms_per_event)
            for title in (OURS, BARE)
        )
        return with_it - without


def table(turns: Turns) -> Table:
    """Return the figures, a line for each worker in each scenario."""
    columns: dict[str, Callable[[Sequence[Turn]], str]] = {
        "events/s": lambda ts: f"{_median(ts, lambda t: t.per_second):,.0f}",
        "CPU ms/event": lambda ts: f"{_median(ts, lambda t: t.cpu_ms_per_event):.3f}",
        "settle p50 ms": lambda ts: _text(ts, lambda t: settle_ms(t, 0.5)),
        "p99 ms": lambda ts: _text(ts, lambda t: settle_ms(t, 0.99)),
        "txn/s": lambda ts: _text(ts, lambda t: t.transactions_per_second),
        "calls": lambda ts: f"{_median(ts, lambda t: t.effects.calls):,.0f}",
        "reordered": lambda ts: str(sum(t.effects.reordered for t in ts)),
        "stale": lambda ts: str(sum(t.effects.stale for t in ts)),
        "RSS MB": lambda ts: f"{max(t.rss_mb_max for t in ts):.0f}",
        "cores to others": lambda ts: f"{max(t.foreign_cores for t in ts):.2f}",
    }
    names = (Column("keys, CRM", no_wrap=True), Column("worker", no_wrap=True))
    shown = Table(*names, *columns)
    for (scenario, title), found in turns.items():
        cells = [figure(found) for figure in columns.values()]
        shown.add_row(scenario.title, title, *cells)
    for column in shown.columns[2:]:
        column.justify = "right"
    return shown


def bars(found: Figures) -> list[str]:
    """Return one line for each bar: what it is, and whether it was held."""
    share = found.decisive(OURS, _per_second) / found.decisive(PEER, _per_second)
    ledger = found.ledger_cpu_ms_per_event
    transactions = found.decisive(OURS, lambda turn: turn.transactions_per_second)
    p99_ms = found.decisive(OURS, lambda turn: settle_ms(turn, 0.99))
    lines = [
        _bar(
            share >= SHARE_OF_PEER_MIN,
            f"{share:.2f} of the events/s of {PEER}",
            "≥ 0.8, aim 1.2",
        ),
        _bar(
            ledger <= LEDGER_CPU_MS_MAX,
            f"{ledger:.3f} ms CPU per event for the ledger",
            "≤ 0.2",
        ),
        _bar(
            transactions <= TRANSACTIONS_PER_SECOND_MAX,
            f"{transactions:.1f} transactions per second and partition",
            "≤ 20",
        ),
        _bar(p99_ms <= SETTLE_P99_MS_MAX, f"{p99_ms:.0f} ms to settle, p99", "≤ 150"),
    ]
    acquired = found.acquired
    if acquired is not None:
        seconds, mb = acquired.seconds, acquired.rss_mb_max
        of_it = f"fence {acquired.fence_seconds:.2f}, CPU {acquired.cpu_seconds:.2f}"
        lines += [
            _bar(
                seconds <= ACQUIRE_SECONDS_MAX,
                f"{seconds:.1f} s to acquire {acquired.links:,} links ({of_it})",
                "≤ 6",
            ),
            _bar(mb <= ACQUIRE_MB_MAX, f"{mb:.0f} MB with them", "≤ 1,200"),
        ]
    return lines


def result(found: Figures) -> str:
    """Return the line that scripts read; nan for what was not measured."""
    acquired = found.acquired
    values = {
        "ours_per_s": (found.decisive(OURS, _per_second), 0),
        "pyrallel_per_s": (found.decisive(PEER, _per_second), 0),
        "ledger_cpu_ms_per_event": (found.ledger_cpu_ms_per_event, 3),
        "acquire_s": (acquired.seconds if acquired else nan, 2),
        "acquire_mb": (acquired.rss_mb_max if acquired else nan, 0),
        "transactions_per_s_per_partition": (
            found.decisive(OURS, lambda turn: turn.transactions_per_second),
            1,
        ),
        "settle_p99_ms": (found.decisive(OURS, lambda turn: settle_ms(turn, 0.99)), 0),
    }
    parts = [f"{name}={value:.{digits}f}" for name, (value, digits) in values.items()]
    return " ".join(["RESULT", *parts])


def settle_ms(turn: Turn, share: float) -> float | None:
    """Return in what time *share* of the attempts became durable after their end."""
    return None if turn.reading is None else turn.reading.settle_ms(share)


def _per_second(turn: Turn) -> float:
    return turn.per_second


def _median(turns: Sequence[Turn], figure: Callable[[Turn], float | None]) -> float:
    known = [value for turn in turns if (value := figure(turn)) is not None]
    return median(known) if known else nan


def _text(turns: Sequence[Turn], figure: Callable[[Turn], float | None]) -> str:
    value = _median(turns, figure)
    return "-" if value != value else f"{value:,.0f}"  # noqa: PLR0124 -- nan is no other


def _bar(held: bool, found: str, wanted: str) -> str:  # noqa: FBT001 -- what the line begins with
    return f"{'held  ' if held else 'MISSED'} {found} (wanted: {wanted})"
