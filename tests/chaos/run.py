"""One run from start to verdict."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tests.chaos.dump import dump
from tests.chaos.faults import until_ready
from tests.chaos.progress import Progress
from tests.chaos.stage import Plan, Stage, running
from tests.history.check import Report
from tests.history.history import History

# What has not ended by then never will, and is a finding.
PATIENCE_SECONDS = 180.0
SAID_MAX = 40
Say = Callable[[str], None]


class Course(NamedTuple):
    """What was done in a run, and how it ended."""

    faults: int
    events: int
    events_per_second: float
    ended_after_seconds: float | None


def say(line: str) -> None:
    """Print *line* at once, with the time."""
    sys.stdout.write(f"{time.strftime('%H:%M:%S')} {line}\n")
    sys.stdout.flush()


def run(directory: Path, plan: Plan, inflict: Callable[[Stage, Say], int]) -> bool:
    """Run the system under *inflict*, check its history; return whether all is well.

    Not well is any finding but explained duplicates, and an event that had not ended
    `plan.end_seconds_max` after the last fault.
    """
    with running(directory, plan) as stage:
        for worker in stage.workers:
            assert until_ready(worker), f"{worker.name} never served"
        course = _course(stage, inflict)
        dump(stage.kafka, stage.topics, directory / "topics.jsonl")
    report = Report(History.read(directory))
    _tell(directory, report)
    say(_result(course, report))
    seconds = course.ended_after_seconds
    in_time = seconds is not None and seconds < plan.end_seconds_max
    return report.summary.clean and in_time


def _course(stage: Stage, inflict: Callable[[Stage, Say], int]) -> Course:
    faults = inflict(stage, say)
    last_at = time.monotonic()
    offered = stage.stop_sending()
    progress = Progress(stage)
    progress.until_all_ended(PATIENCE_SECONDS)
    seconds = time.monotonic() - last_at
    stored, ended = progress.stored(), progress.ended
    progress.close()
    say(f"{ended} of {stored} events had ended {seconds:.1f} s after the last fault")
    rate = offered["events"] / offered["seconds"]
    return Course(faults, offered["events"], rate, seconds if ended >= stored else None)


def _tell(directory: Path, report: Report) -> None:
    """Say what had no good reason, and write all that was found into a file."""
    findings = directory / "findings.txt"
    findings.write_text("".join(f"{line}\n" for line in report.lines()))
    wrong = [finding for finding in report.findings if finding.explained is None]
    for finding in wrong[:SAID_MAX]:
        say(str(finding))
    say(f"{len(report.findings)} findings, all of them in {findings}")
    for line in report.short():
        say(line)


def _result(course: Course, report: Report) -> str:
    found = report.summary
    return (
        f"RESULT faults={course.faults} events={course.events} "
        f"events_per_s={course.events_per_second:.0f} lost={found.lost} "
        f"reordered={found.reordered} stale_final={found.stale_final} "
        f"twice_in_kafka={found.twice_in_kafka} duplicates={found.duplicates} "
        f"duplicates_unexplained={found.duplicates_unexplained}"
    )
