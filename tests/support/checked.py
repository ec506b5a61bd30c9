"""What the history checker says of a history that was made by hand."""

from __future__ import annotations

from pathlib import Path

from tests.history.check import Report
from tests.history.history import History
from tests.support.hand_made import HandMade


def findings(run: HandMade, directory: Path) -> list[str]:
    report = Report(History.read(run.write(directory)))
    return [str(finding) for finding in report.findings]


def kinds(run: HandMade, directory: Path) -> list[str]:
    """Return the findings up to the user's name."""
    return [found.split(": ")[0] for found in findings(run, directory)]


def one_after_another(run: HandMade, *seqs: int) -> None:
    for seq in seqs:
        run.event(seq)
        run.call(float(seq), seq)
        run.done(seq + 0.5, seq)


def repeat(run: HandMade, at: float = 9.0, worker: str = "w2") -> None:
    run.call(at, 1, worker=worker)
    run.done(at + 0.5, 1, worker=worker)
