"""What a run found: medians over rounds, the table, the bars and the last line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import nan
from statistics import median

from rich.table import Table

from bench.ingest.load import Load

FASTER_MIN = 2.0
CPU_SHARE_MAX = 0.25
RSS_MB_MAX = 60.0


@dataclass(frozen=True)
class Round:
    """One server under load once."""

    load: Load
    cpu_seconds: float
    disturbed: float  # share of the core's time that went to others, kernel included

    @property
    def cpu_seconds_per_1000(self) -> float:
        """CPU time of the server for 1,000 answers."""
        return self.cpu_seconds / self.load.requests * 1000


@dataclass(frozen=True)
class Figures:
    """One server over all rounds."""

    title: str
    rounds: Sequence[Round]
    rss_mb_max: float
    accepted: int  # in all, also while warming up
    refused_or_lost: int
    records: int

    @property
    def per_second(self) -> float:
        """Requests answered 202 in a second, the median of the rounds."""
        return median(r.load.per_second for r in self.rounds)

    @property
    def cpu_seconds_per_1000(self) -> float:
        """CPU seconds for 1,000 requests, the median of the rounds."""
        return median(r.cpu_seconds_per_1000 for r in self.rounds)

    @property
    def p50_ms(self) -> float:
        """Half of the answers came sooner, the median of the rounds."""
        return median(r.load.p50_us for r in self.rounds) / 1000

    @property
    def p99_ms(self) -> float:
        """All but one of 100 answers came sooner, the median of the rounds."""
        return median(r.load.p99_us for r in self.rounds) / 1000

    @property
    def complete(self) -> bool:
        """Whether all was answered 202, and all that was is in Kafka."""
        return self.refused_or_lost == 0 and self.records >= self.accepted


def table(found: Mapping[str, Figures]) -> Table:
    """Return the figures side by side."""
    shown = Table("figure", *(f.title for f in found.values()))
    rows = {
        "requests/s": [f"{f.per_second:,.0f}" for f in found.values()],
        "p50 ms": [f"{f.p50_ms:.1f}" for f in found.values()],
        "p99 ms": [f"{f.p99_ms:.1f}" for f in found.values()],
        "CPU s / 1,000": [f"{f.cpu_seconds_per_1000:.3f}" for f in found.values()],
        "RSS MB, max": [f"{f.rss_mb_max:.1f}" for f in found.values()],
        "202 answers": [f"{f.accepted:,}" for f in found.values()],
        "in Kafka": [f"{f.records:,}" for f in found.values()],
        "refused, lost": [f"{f.refused_or_lost:,}" for f in found.values()],
        "core to others": [
            f"{max(r.disturbed for r in f.rounds):.0%}" for f in found.values()
        ],
        "by round": [
            " ".join(f"{r.load.per_second:,.0f}" for r in f.rounds)
            for f in found.values()
        ],
    }
    for name, cells in rows.items():
        shown.add_row(name, *cells)
    for column in shown.columns[1:]:
        column.justify = "right"
    return shown


def bars(found: Mapping[str, Figures]) -> list[str]:
    """Return one line for each bar: what it is, and whether it was held."""
    ours = found["ours"]
    lines = [_bar(f"{ours.rss_mb_max:.1f} MB", "≤ 60 MB", ours.rss_mb_max, RSS_MB_MAX)]
    for name, peer in found.items():
        if name == "ours":
            continue
        faster = ours.per_second / peer.per_second
        share = ours.cpu_seconds_per_1000 / peer.cpu_seconds_per_1000
        requests = f"{faster:.2f} times the requests of {peer.title}"
        lines.append(_bar(requests, "≥ 2", -faster, -FASTER_MIN))
        cpu = f"{share:.3f} of the CPU per request of {peer.title}"
        lines.append(_bar(cpu, "≤ 0.25", share, CPU_SHARE_MAX))
    return lines


def _bar(found: str, wanted: str, value: float, value_max: float) -> str:
    word = "held  " if value <= value_max else "MISSED"
    return f"{word} {found} (wanted: {wanted})"


def result(found: Mapping[str, Figures]) -> str:
    """Return the line that scripts read; nan where a peer could not run."""
    names = ("ours", "fastapi", "express")
    known = {name: found.get(name) for name in names}
    speeds = {n: f.per_second if f else nan for n, f in known.items()}
    cpu = {n: f.cpu_seconds_per_1000 if f else nan for n, f in known.items()}
    ours = found["ours"]
    parts = [
        *(f"{name}_per_s={value:.0f}" for name, value in speeds.items()),
        *(f"{name}_cpu_s_per_1000={value:.4f}" for name, value in cpu.items()),
        f"ours_p99_ms={ours.p99_ms:.1f}",
        f"rss_mb={ours.rss_mb_max:.1f}",
    ]
    return " ".join(["RESULT", *parts])
