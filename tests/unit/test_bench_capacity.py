"""The arithmetic of docs/explanation/capacity.md, and what the bench makes of it."""

from __future__ import annotations

import doctest
from dataclasses import replace
from math import inf
from pathlib import Path

import pytest

from bench import capacity
from bench.delivery.effects import Effects
from bench.delivery.rivals import FAUST, FAUST_64, LANES, PYRALLEL
from bench.delivery.scrape import CALL, SETTLE, Reading
from bench.delivery.turn import Turn
from bench.engine import beside, figures, predicted
from bench.engine.figures import OURS, Figures
from bench.engine.killed import Killed
from bench.engine.plan import FULL, Name
from bench.engine.predicted import Prediction

PAGE = Path(__file__).parents[2] / "docs/explanation/capacity.md"


def turn(per_second: float, cpu_ms: float = 1.0, calls: int = 1_000) -> Turn:
    seen = Effects(calls, 0.0, 1_000, lost=0, reordered=0, repeated=0, stale=0)
    return Turn(
        effects=seen,
        seconds=1_000 / per_second,
        cpu_seconds=cpu_ms,
        rss_mb_max=100.0,
        foreign_cores=0.0,
        reading=Reading({}, {inf: 1_000.0}, {inf: 500.0}, {SETTLE: 60.0, CALL: 10.0}),
    )


def found(**rates: dict[str, float]) -> Figures:
    names: tuple[Name, ...] = ("zipf20", "zipf100", "flat20")
    turns = {
        (name, title): [turn(rate)]
        for name in names
        for title, rate in rates.get(name, {}).items()
    }
    return Figures(turns)


def test_who_is_cut_off_is_as_fast_as_the_busiest_user_gets_on() -> None:
    seen = Effects(900, 10.0, 900, 100, 0, 0, 0, per_second_max=40.0)
    through = Turn(seen, 10.0, 1.0, 100.0, 0.0)

    assert through.per_second == 90.0
    assert replace(through, cut_off=True).per_second == 40.0


def lines_of(figures: Figures, what: str) -> list[str]:
    return [line for line in predicted.lines(figures, FULL) if what in line]


def test_the_page_and_the_module_say_what_is_so() -> None:
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    names, text = vars(capacity).copy(), PAGE.read_text()
    page = doctest.DocTestParser().get_doctest(text, names, PAGE.name, str(PAGE), 0)

    runner.run(page)
    of_module = doctest.testmod(capacity, optionflags=doctest.ELLIPSIS)

    assert len(page.examples) > 10
    assert runner.failures == 0
    assert of_module.attempted > 5
    assert of_module.failed == 0


def test_a_prediction_is_missed_beyond_a_fifth_of_it() -> None:
    assert str(Prediction("x", 100.0, 119.0)).startswith("within 20 %")
    assert str(Prediction("x", 100.0, 81.0)).startswith("within 20 %")
    assert str(Prediction("x", 100.0, 121.0)).startswith("MISSED")
    assert str(Prediction("x", 100.0, 79.0)).startswith("MISSED")


def test_what_a_peer_adds_to_a_call_of_100_ms_predicts_its_rate_at_20_ms() -> None:
    slow, fast = (
        capacity.busiest_share(FULL.scenarios[name].users())
        for name in ("zipf100", "zipf20")
    )
    rates = {
        "zipf100": {LANES.title: 1 / (slow * 0.11), FAUST.title: 1 / 0.12},
        "zipf20": {LANES.title: 1 / (fast * 0.03), FAUST.title: 1 / 0.04},
    }

    lanes = lines_of(found(**rates), f"{LANES.title}: order by user")
    faust = lines_of(found(**rates), f"{FAUST.title}: order by line for all")

    assert ["10 ms added" in line for line in lanes] == [True]
    assert ["20 ms added" in line for line in faust] == [True]
    assert lines_of(found(**rates), "MISSED") == []


def test_a_worker_with_one_core_is_as_fast_as_its_cpu_allows() -> None:
    figures = Figures({("flat20", OURS): [turn(1_900, cpu_ms=0.5)]})

    [line] = lines_of(figures, f"{OURS}: one core")

    assert line.startswith("within 20 %")
    assert line.endswith("2,000.00 / 1,900.00")


def test_who_needs_more_cpu_than_order_leaves_is_predicted_by_it() -> None:
    rates = found(zipf20={PYRALLEL.title: 150.0}, zipf100={PYRALLEL.title: 70.0})
    rates.turns["zipf20", PYRALLEL.title] = [turn(150.0, cpu_ms=6.2)]

    [line] = lines_of(rates, f"{PYRALLEL.title}: order by user")

    assert line.startswith("within 20 %")
    assert line.endswith("161.29 / 150.00")


def test_calls_per_event_follow_from_the_rate_and_the_round_trip() -> None:
    shares = capacity.shares(FULL.scenarios["paced20"].users())
    # A call took 20 ms, and to be durable 60 more.
    wanted = capacity.calls_per_event(shares, 500, 0.02 + 0.06)
    calls = round(1_000 * wanted)
    figures = Figures({("paced20", OURS): [turn(500, calls=calls)]})

    [line] = lines_of(figures, f"calls per event, Zipf 20 ms, 500/s, {OURS}")

    assert line.startswith("within 20 %")
    assert f"{wanted:.2f} / {calls / 1_000:.2f}" in line


def test_what_was_not_measured_is_not_predicted() -> None:
    assert predicted.lines(Figures(), FULL) == ["predicted / measured:"]


def test_the_last_line_names_the_best_peer_that_keeps_order() -> None:
    ordered = {OURS: 2_000.0, LANES.title: 344.0, PYRALLEL.title: 258.0}
    unordered = {FAUST_64.title: 568.0}

    line = figures.result(found(zipf20=ordered | unordered))

    assert "zipf20_ours_per_s=2000 zipf20_best_ordered_per_s=344 " in line
    assert "zipf100_ours_per_s=nan" in line
    assert line.endswith("lost=0 reordered=0 stale_final=0")


def test_what_a_kill_did_to_ours_is_in_the_last_line_and_in_the_exit_code() -> None:
    wrong = Effects(10, 1.0, 9, lost=1, reordered=2, repeated=4, stale=3)
    right = Effects(10, 1.0, 10, lost=0, reordered=0, repeated=4, stale=0)
    rates = found(flat20={OURS: 2_000.0})

    badly, well = Killed(wrong, 5, 5, 1.0), Killed(right, 5, 5, 1.0)
    rates.killed = {OURS: well, LANES.title: badly}
    assert rates.correct

    rates.killed = {OURS: badly, LANES.title: well}

    assert not rates.correct
    assert figures.result(rates).endswith("lost=1 reordered=2 stale_final=3")


@pytest.mark.parametrize(("repeated", "held"), [(33, True), (34, False)])
def test_duplicates_are_held_against_a_third_of_the_peers(
    repeated: int, *, held: bool
) -> None:
    ours = Effects(10, 1.0, 10, lost=0, reordered=0, repeated=repeated, stale=0)
    peer = Effects(10, 1.0, 10, lost=0, reordered=0, repeated=100, stale=0)
    killed = {OURS: Killed(ours, 50, 5, 1.0), PYRALLEL.title: Killed(peer, 50, 5, 1.0)}

    [line] = [line for line in figures.bars(Figures({}, killed)) if "third" in line]

    assert line.startswith("held" if held else "MISSED")


def test_another_programs_last_line_is_read_by_its_names() -> None:
    line = "RESULT allowance_used=0.991 answers_429=0\n"

    assert beside.values(line) == {"allowance_used": "0.991", "answers_429": "0"}


def test_a_measure_that_is_not_there_is_left_out_with_a_sentence() -> None:
    said = list[str]()

    assert beside.measured("bench.no_such_measure", (), said.append) == {}
    assert said == ["bench.no_such_measure is left out: it is not there"]
