"""What the turns came to: medians, the table, the bars and the last line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from rich.table import Table

from bench.isolation.turn import Turn

GROWTH_MAX = 0.20
LOSS_MAX = 0.05

Figure = Callable[[Turn], float]


@dataclass(frozen=True)
class Pair:
    """One turn without and one with users that fail, close to each other in time."""

    without: Turn
    failing: Turn


def table(pairs: Sequence[Pair]) -> Table:
    """Return the medians side by side, and each turn's."""
    shown = Table("others than those that fail", "without", "with", "by pair")
    figures: dict[str, Figure] = {
        "events/s": lambda turn: turn.per_second,
        "p50 ms": lambda turn: turn.p50_ms,
        "p99 ms": lambda turn: turn.p99_ms,
        "calls that failed": lambda turn: turn.failed_calls,
        "offered late, s": lambda turn: turn.behind_seconds,
        "cores to others": lambda turn: turn.foreign_cores,
    }
    for name, figure in figures.items():
        by_pair = [
            f"{_text(figure(p.without))}/{_text(figure(p.failing))}" for p in pairs
        ]
        cells = [_text(value) for value in _medians(pairs, figure)]
        shown.add_row(name, *cells, " ".join(by_pair))
    for column in shown.columns[1:3]:
        column.justify = "right"
    return shown


def p99_growth(pairs: Sequence[Pair]) -> float:
    """Return by what share the median p99 is greater with users that fail."""
    without, failing = _medians(pairs, lambda turn: turn.p99_ms)
    return failing / without - 1


def throughput_loss(pairs: Sequence[Pair]) -> float:
    """Return by what share the median rate is smaller with users that fail."""
    without, failing = _medians(pairs, lambda turn: turn.per_second)
    return 1 - failing / without


def held(pairs: Sequence[Pair]) -> bool:
    """Whether both bars are held."""
    return p99_growth(pairs) < GROWTH_MAX and throughput_loss(pairs) < LOSS_MAX


def bars(pairs: Sequence[Pair]) -> list[str]:
    """Return one line for each bar: what it is, and whether it was held."""
    growth, loss = p99_growth(pairs), throughput_loss(pairs)
    return [
        _bar(growth < GROWTH_MAX, f"p99 grows by {growth:.1%}", f"< {GROWTH_MAX:.0%}"),
        _bar(loss < LOSS_MAX, f"throughput falls by {loss:.1%}", f"< {LOSS_MAX:.0%}"),
    ]


def result(pairs: Sequence[Pair]) -> str:
    """Return the line that scripts read."""
    growth, loss = p99_growth(pairs), throughput_loss(pairs)
    return f"RESULT p99_growth={growth:.3f} throughput_loss={loss:.3f}"


def _medians(pairs: Sequence[Pair], figure: Figure) -> tuple[float, float]:
    return (
        median(figure(pair.without) for pair in pairs),
        median(figure(pair.failing) for pair in pairs),
    )


def _text(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.2f}"


def _bar(held: bool, found: str, wanted: str) -> str:  # noqa: FBT001 -- what the line begins with
    return f"{'held  ' if held else 'MISSED'} {found} (wanted: {wanted})"
