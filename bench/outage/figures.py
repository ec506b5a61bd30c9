"""What an outage did: lines for people, and the last one for scripts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan
from statistics import median

from bench.delivery.effects import Effects

GROWTH_MAX = 0.10
EDGE_SAMPLES = 10
FILL_SECONDS = 90  # KEEPSTEP_WORKER_EVENTS_MAX of them at 200 a second, and a margin


@dataclass(frozen=True)
class Figures:
    """Everything that a run found; memory in 10^6 bytes, one value for each second."""

    events: int
    dead: int
    parked: int  # at once, or records written to the retry topic: the greater one
    rss_mb_before: Sequence[float]
    rss_mb_during: Sequence[float]
    effects: Effects
    drain_seconds: float  # until all was called and committed

    @property
    def rss_mb_begin(self) -> float:
        """The memory right before, the median of some seconds."""
        return median(self.rss_mb_before[-EDGE_SAMPLES:])

    @property
    def rss_mb_end(self) -> float:
        """The memory as it is about to end, the median of some seconds."""
        return median(self.rss_mb_during[-EDGE_SAMPLES:])

    @property
    def rss_growth(self) -> float:
        """By what share the most memory while it is away exceeds what was before."""
        return max(self.rss_mb_during) / self.rss_mb_begin - 1

    @property
    def rss_growth_filled(self) -> float:
        """The same from when it has taken as many events as it may."""
        filled = self.rss_mb_during[FILL_SECONDS:]
        return max(filled) / filled[0] - 1 if filled else nan

    @property
    def rss_mb_by_tenths(self) -> list[float]:
        """The memory at the end of each tenth of the time that it is away."""
        samples = self.rss_mb_during
        return [samples[len(samples) * tenth // 10 - 1] for tenth in range(1, 11)]

    @property
    def held(self) -> bool:
        """Whether nothing was dead, parked, out of order or lost, and memory flat."""
        effects = self.effects
        wrong = self.dead + self.parked + effects.reordered + effects.stale
        return not wrong and self.rss_growth <= GROWTH_MAX


def lines(found: Figures) -> list[str]:
    """Return what a person wants to know."""
    effects, most = found.effects, max(found.rss_mb_during)
    memory = (
        f"memory: {found.rss_mb_begin:.0f} MB before, {found.rss_mb_end:.0f} MB at the "
        f"end, {most:.0f} MB at most ({found.rss_growth:+.1%}, wanted: ≤ 10 %)"
    )
    tenths = ", ".join(f"{mb:.0f}" for mb in found.rss_mb_by_tenths)
    later = (
        f"by tenths of the time: {tenths} MB; {found.rss_growth_filled:+.1%} after "
        f"{FILL_SECONDS} s, when it has taken as many events as it may"
    )
    order = (
        f"effects: {effects.calls:,} calls, {effects.reordered} out of order, "
        f"{effects.stale} users left with an old state"
    )
    return [
        f"{found.events:,} events, {found.dead} dead letters, {found.parked} parked",
        memory,
        later,
        order,
        f"all was called and committed {found.drain_seconds:.1f} s after it was back",
    ]


def result(found: Figures) -> str:
    """Return the line that scripts read."""
    return (
        f"RESULT dead={found.dead} parked={found.parked} "
        f"rss_growth={found.rss_growth:.3f} reordered={found.effects.reordered} "
        f"drain_s={found.drain_seconds:.1f} "
        f"rss_growth_filled={found.rss_growth_filled:.3f}"
    )
