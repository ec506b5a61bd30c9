"""The history checker finds late requests, and ends with what it found."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.checked import findings, kinds, one_after_another, repeat
from tests.support.hand_made import HandMade

ROOT = Path(__file__).parents[3]


@pytest.fixture
def run() -> HandMade:
    return HandMade()


# ---- late


def frozen_and_woken(run: HandMade) -> None:
    one_after_another(run, 1)
    run.fault(2.0, "freeze")
    run.fault(12.0, "wake")
    run.line(20.0, "assigned", "w1")


def test_a_request_that_comes_after_the_wake_is_late(
    run: HandMade, tmp_path: Path
) -> None:
    frozen_and_woken(run)
    run.event(2)
    run.outcome(2)
    run.line(1.9, "start", "w1", 2, call="w1-9", user_id="auth0|1")
    run.request(12.01, call="w1-9", seq=2)

    assert findings(run, tmp_path) == [
        (
            "late: auth0|1: PATCH of call w1-9, begun at 1.900, came at 12.010; "
            "w1 woke at 12.000"
        )
    ]


def test_a_late_request_without_effect_is_found_too(
    run: HandMade, tmp_path: Path
) -> None:
    frozen_and_woken(run)
    run.call(13.0, 1, method="GET", effect_at=None)

    assert kinds(run, tmp_path) == ["late"]


def test_a_transaction_begun_after_the_wake_is_late(
    run: HandMade, tmp_path: Path
) -> None:
    frozen_and_woken(run)
    run.line(9.0, "owner", "w2")
    run.line(12.2, "durable", "w1", 7, began_at=1.99)
    run.line(13.0, "durable", "w1", 8, began_at=12.9)

    assert findings(run, tmp_path) == [
        (
            "late: -: w1, which woke at 12.000, wrote to partition 0 at 12.900, "
            "another's since 9.000"
        )
    ]


def test_a_transaction_begun_after_the_wake_is_not_late_where_nobody_took_over(
    run: HandMade, tmp_path: Path
) -> None:
    frozen_and_woken(run)
    run.line(13.0, "durable", "w1", 8, began_at=12.9)
    run.line(13.5, "owner", "w2")

    assert findings(run, tmp_path) == []


@pytest.mark.parametrize("back", ["assigned", "start"])
def test_a_worker_that_is_back_may_call(
    run: HandMade, tmp_path: Path, back: str
) -> None:
    frozen_and_woken(run)
    if back == "start":
        run.lines.pop()
        run.fault(20.0, "start")
    run.event(2)
    run.call(21.0, 2)
    run.done(21.5, 2)

    assert findings(run, tmp_path) == []


# ---- the program


def program(directory: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.history", str(directory)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_explained_duplicates_alone_end_with_0(run: HandMade, tmp_path: Path) -> None:
    run.event(1)
    run.call(1.0, 1, answer="lost")
    repeat(run)

    ended = program(run.write(tmp_path))

    assert ended.returncode == 0
    assert ended.stdout.splitlines()[1:] == [
        "explained 1: its answer was lost",
        (
            "acknowledged=1 requests=2 parked=0 lost=0 reordered=0 stale_final=0 "
            "twice_in_kafka=0 late=0 duplicates=1 duplicates_unexplained=0"
        ),
    ]


def test_any_other_finding_ends_with_1(run: HandMade, tmp_path: Path) -> None:
    run.event(1)

    ended = program(run.write(tmp_path))

    assert ended.returncode == 1
    assert "lost=1 " in ended.stdout.splitlines()[-1]


@pytest.mark.parametrize("line", ["nonsense", '{"at": 1.0, "kind": 7}'])
def test_a_line_that_is_no_record_ends_with_2_and_says_where(
    run: HandMade, tmp_path: Path, line: str
) -> None:
    (run.write(tmp_path) / "faults.jsonl").write_text(line)

    ended = program(tmp_path)

    assert ended.returncode == 2
    assert "faults.jsonl, line 1: " in ended.stderr


def test_a_missing_file_ends_with_2(tmp_path: Path) -> None:
    ended = program(tmp_path)

    assert ended.returncode == 2
    assert "No such file" in ended.stderr
