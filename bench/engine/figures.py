"""What the engines came to: the table, the bars, and their part of the last line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import nan
from statistics import median

from rich.table import Column, Table

from bench.delivery.effects import Effects
from bench.delivery.rivals import LANES, PYRALLEL, RIVALS
from bench.delivery.turn import Turn
from bench.engine.killed import Killed
from bench.engine.plan import Name

OURS = "ours"
ORDERED = [OURS, *(rival.title for rival in RIVALS if rival.habits.key_ordered)]
KILLED = "Zipf 20 ms, kill -9"
COLUMNS = (
    "in order",
    "events",
    "events/s",
    "CPU s/1,000",
    "calls/event",
    "RSS MB",
    "lost",
    "reordered",
    "stale",
    "duplicates",
)
TIMES_ZIPF20, TIMES_ZIPF100 = 5.0, 15.0
SHARE_OF_PYRALLEL, SHARE_OF_LANES, SHARE_OF_DUPLICATES = 1.0, 0.45, 1 / 3


@dataclass
class Figures:
    """Everything that the engines' turns found."""

    turns: dict[tuple[Name, str], list[Turn]] = field(default_factory=dict)
    killed: dict[str, Killed] = field(default_factory=dict)

    def per_second(self, name: Name, title: str) -> float:
        """Return the events that ended in a second; nan where that was not measured."""
        turns = self.turns.get((name, title))
        return median(turn.per_second for turn in turns) if turns else nan

    def best_ordered(self, name: Name) -> float:
        """Return the same of the fastest peer that keeps a user's order."""
        peers = (self.per_second(name, title) for title in ORDERED if title != OURS)
        return max((rate for rate in peers if rate == rate), default=nan)  # noqa: PLR0124 -- nan is no other

    @property
    def ours(self) -> list[Effects]:
        """What our worker did, in all of its turns."""
        turns = [ts for (_, title), ts in self.turns.items() if title == OURS]
        seen = [turn.effects for each in turns for turn in each]
        return [*seen, *(k.effects for t, k in self.killed.items() if t == OURS)]

    @property
    def correct(self) -> bool:
        """Whether it lost nothing, kept order and left the newest state behind."""
        return not any(e.lost or e.reordered or e.stale for e in self.ours)


def table(found: Figures, titles: Mapping[Name, str]) -> Table:
    """Return the figures, a line for each worker in each scenario."""
    names = (Column("keys, CRM", no_wrap=True), Column("worker", no_wrap=True))
    shown = Table(*names, *(Column(name, justify="right") for name in COLUMNS))
    for (name, title), turns in found.turns.items():
        shown.add_row(titles[name], title, *_cells(title, turns))
    for title, killed in found.killed.items():
        effects = killed.effects
        calls = f"{effects.calls_per_event:.2f}"
        events = f"{effects.ended + effects.lost:,}"
        cells = [_order(title), events, "", "", calls, "", *_wrong([effects])]
        shown.add_row(KILLED, title, *cells)
    return shown


def _cells(title: str, turns: Sequence[Turn]) -> list[str]:
    cut_off = any(turn.cut_off for turn in turns)
    effects = [turn.effects for turn in turns]
    lost, reordered, stale, repeated = _wrong(effects)
    return [
        _order(title),
        f"{max(e.ended for e in effects):,}{' *' if cut_off else ''}",
        f"{median(turn.per_second for turn in turns):,.0f}",
        f"{median(turn.cpu_ms_per_event for turn in turns):.2f}",
        f"{median(e.calls_per_event for e in effects):.2f}",
        f"{max(turn.rss_mb_max for turn in turns):.0f}",
        "" if cut_off else lost,
        reordered,
        "" if cut_off else stale,
        repeated,
    ]


def _order(title: str) -> str:
    return "yes" if title in ORDERED else "NO"


def _wrong(effects: Sequence[Effects]) -> list[str]:
    return [
        f"{sum(e.lost for e in effects):,}",
        f"{sum(e.reordered for e in effects):,}",
        f"{sum(e.stale for e in effects):,}",
        f"{sum(e.repeated for e in effects):,}",
    ]


def bars(found: Figures) -> list[str]:
    """Return one line for each bar: what it is, and whether it was held."""
    lines = [
        _times(found, "zipf20", TIMES_ZIPF20),
        _times(found, "zipf100", TIMES_ZIPF100),
        _share(found, PYRALLEL.title, SHARE_OF_PYRALLEL),
        _share(found, LANES.title, SHARE_OF_LANES),
        _bar(found.correct, "nothing lost, reordered or stale", "in every turn"),
    ]
    killed, peer = found.killed.get(OURS), found.killed.get(PYRALLEL.title)
    if killed is not None:
        repeated = killed.effects.repeated
        users = f"{killed.users} users"
        lines += [
            _bar(repeated <= killed.users, f"{repeated} duplicates", f"≤ {users}")
        ]
        if peer is not None:
            most = peer.effects.repeated * SHARE_OF_DUPLICATES
            wanted = f"≤ a third of the {peer.effects.repeated} of {PYRALLEL.title}"
            lines += [_bar(repeated <= most, f"{repeated} duplicates", wanted)]
    return lines


def _times(found: Figures, name: Name, wanted: float) -> str:
    times = found.per_second(name, OURS) / found.best_ordered(name)
    what = f"{name}: {times:.1f} times the best peer that keeps order"
    return _bar(times >= wanted, what, f"≥ {wanted:g}")


def _share(found: Figures, title: str, wanted: float) -> str:
    share = found.per_second("flat20", OURS) / found.per_second("flat20", title)
    return _bar(share >= wanted, f"flat20: {share:.2f} of {title}", f"≥ {wanted:g}")


def _bar(held: bool, found: str, wanted: str) -> str:  # noqa: FBT001 -- what the line begins with
    return f"{'held  ' if held else 'MISSED'} {found} (wanted: {wanted})"


def result(found: Figures) -> str:
    """Return the engines' part of the line that scripts read; nan: not measured."""
    rates = {
        "zipf20_ours_per_s": found.per_second("zipf20", OURS),
        "zipf20_best_ordered_per_s": found.best_ordered("zipf20"),
        "zipf100_ours_per_s": found.per_second("zipf100", OURS),
        "zipf100_best_ordered_per_s": found.best_ordered("zipf100"),
        "flat20_ours_per_s": found.per_second("flat20", OURS),
        "flat20_pyrallel_per_s": found.per_second("flat20", PYRALLEL.title),
        "flat20_lanes_per_s": found.per_second("flat20", LANES.title),
    }
    wrong = {
        "lost": sum(e.lost for e in found.ours),
        "reordered": sum(e.reordered for e in found.ours),
        "stale_final": sum(e.stale for e in found.ours),
    }
    parts = [f"{name}={rate:.0f}" for name, rate in rates.items()]
    return " ".join([*parts, *(f"{name}={count}" for name, count in wrong.items())])
