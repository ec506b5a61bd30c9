"""Every interleaving of the real core in a small world: S1 to S5 hold in each."""

from __future__ import annotations

import pytest

from tests.explorer.scenario import Scenario, Trouble
from tests.explorer.scenarios import TIGHT, log, small
from tests.explorer.walk import walk


@pytest.mark.parametrize("scenario", list(small()), ids=lambda scenario: scenario.name)
def test_the_promises_hold_in_every_state(scenario: Scenario) -> None:
    assert walk(scenario).ends


@pytest.mark.parametrize(
    "scenario",
    [
        Scenario("audited", log("xy"), Trouble(crashes=1, lost=1, refusals=1)),
        Scenario("audited", log("xy"), Trouble(freezes=1, unknown=1), TIGHT),
        Scenario("audited", log("xy"), Trouble(drains=1, fences=1)),
        Scenario(
            "audited",
            log("xy"),
            Trouble(crashes=1, commands=1, rewinds=1),
            orders=("skip",),
        ),
    ],
    ids=lambda scenario: " ".join(
        name for name, times in scenario.trouble._asdict().items() if times
    ),
)
def test_states_that_count_as_one_have_the_same_future(scenario: Scenario) -> None:
    assert walk(scenario, audited=True).states
