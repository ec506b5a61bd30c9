"""What the bench of the budget says of the calls that arrived."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bench.budget import backlog, figures, fleet
from bench.budget.backlog import _ended
from bench.budget.crm import Arrival, Crm
from bench.budget.held import Held
from bench.budget.rebalances import steps
from bench.budget.windows import Stretch, most_in_any, stop, used
from bench.conversation import OK, TOO_MANY
from bench.delivery.crm import Call
from bench.delivery.effects import Effects

SECOND = timedelta(seconds=1)
HEAD = b"PATCH /contacts/c_7 HTTP/1.1\r\nAuthorization: Bearer a.secret\r\n"


def arrivals(worker: str, times: Sequence[float]) -> list[Arrival]:
    return [Arrival(at, "c_1", 1, worker, taken=True) for at in times]


def every(seconds: float, begin: float, end: float) -> list[float]:
    count = round((end - begin) / seconds)
    return [begin + seconds * number for number in range(count)]


def test_the_double_takes_so_many_calls_in_any_stretch_and_logs_all_others() -> None:
    crm = Crm(calls=2, per_seconds=60.0, delay_seconds=0.0)

    body = b'{"phone": "+155500000012"}'
    answers = [crm.reply(HEAD, body).status for _ in range(3)]
    report = crm.reply(b"GET /arrivals/2 HTTP/1.1", b"").body

    assert answers == [OK, OK, TOO_MANY]
    assert report.startswith(b"[[")
    assert b'"c_7",12,"a",false]]' in report


def test_the_most_in_any_window_is_found_wherever_it_begins() -> None:
    even = every(10.001 / 190, 0.0, 40.0)

    assert most_in_any(even, 10.0) == 190
    assert most_in_any(sorted([*even, 23.4]), 10.0) == 191


def test_used_leaves_out_what_lies_in_a_stop() -> None:
    times = [*every(0.5, 0.0, 10.0), *every(0.5, 20.0, 30.0)]
    whole = Stretch(0.0, 30.0)

    assert used(times, [whole], per_second=2.0) == pytest.approx(2 / 3)
    around = whole.without(Stretch(10.0, 20.0))
    assert used(times, around, per_second=2.0) == pytest.approx(1.0)


def test_a_stop_is_from_the_first_step_until_all_call_after_the_last() -> None:
    a = arrivals("a", every(0.2, 0.0, 30.0))
    c = arrivals("c", every(0.2, 16.5, 30.0))
    both = sorted([*a, *c], key=lambda one: one.at)

    found = stop(both, [10.0, 12.0, 16.0, 40.0], Stretch(5.0, 30.0))

    assert (found.begin, found.end) == pytest.approx((10.0, 16.5))


def test_who_leaves_does_not_call_again() -> None:
    a = arrivals("a", every(0.2, 0.0, 10.0))
    b = arrivals("b", every(0.2, 0.0, 30.0))
    both = sorted([*a, *b], key=lambda one: one.at)

    found = stop(both, [9.9, 11.9], Stretch(0.0, 30.0))

    assert (found.begin, found.end) == pytest.approx((9.9, 12.0))


def test_without_a_rebalance_there_is_no_stop() -> None:
    calls = arrivals("a", every(0.2, 0.0, 10.0))

    assert stop(calls, [20.0], Stretch(0.0, 10.0)).seconds == 0.0


def test_a_workers_log_tells_the_steps_of_a_rebalance(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    lines = [
        {"event": "attempt", "timestamp": now.isoformat(), "why": "partition.active"},
        {"event": "partitions.revoked", "timestamp": now.isoformat()},
        {"event": "partition.active", "timestamp": (now + SECOND).isoformat()},
    ]
    log = tmp_path / "a.log"
    log.write_text("not JSON\n" + "".join(json.dumps(line) + "\n" for line in lines))

    first, second = steps([log])

    assert second - first == pytest.approx(1.0)
    assert first == pytest.approx(time.monotonic(), abs=5.0)


def test_a_call_stands_for_the_events_of_its_user_before_it() -> None:
    users = [1, 2, 1, 1]
    calls = [Call(0.0, "c_1", 12), Call(1.0, "c_2", 11), Call(2.0, "c_1", 12)]

    assert _ended(calls, users, 10) == 3


def of_fleet(used: Sequence[float] = (0.99, 0.985, 0.99)) -> fleet.Found:
    stops = Stretch(0.0, 2.5), Stretch(60.0, 62.0)
    seen = Effects(3_000, 160.0, 20_000, 0, 0, 0, 0)
    return fleet.Found(20_000, seen, used, stops, 190, 0)


def of_backlog(age_seconds: float = 0.3, refused: int = 0) -> backlog.Found:
    return backlog.Found(
        plan=backlog.Plan(),
        reached_seconds=80.0,
        ages=[age_seconds] * 240,
        calls=2_000,
        ended=10_000,
        used=0.99,
        reordered=0,
        most=189,
        refused=refused,
        rss_mb_idle=110.0,
        held=[Held(5.0, 200.0, 9_000, 50_000, 40_000)],
        restart_seconds=5.0,
        rss_mb_restarted=200.0,
    )


def missed(found: figures.Figures) -> list[str]:
    return [row.name for row in figures.rows(found) if not row.held]


def test_the_last_line_says_the_least_that_was_used_and_all_refusals() -> None:
    found = figures.Figures(of_fleet(), of_backlog(refused=2))

    assert figures.result(found) == "RESULT allowance_used=0.985 answers_429=2"


def test_what_misses_its_bar_is_named() -> None:
    assert missed(figures.Figures(of_fleet(), of_backlog())) == []
    assert missed(figures.Figures(of_fleet((0.99, 0.97, 0.99)))) == [
        "fleet: calls used, with a third"
    ]
    assert missed(figures.Figures(backlog=of_backlog(age_seconds=6.0))) == [
        "live: p99 of their age, s"
    ]
