"""What a partition wants in each of its states: a plain function."""

from __future__ import annotations

from typing import get_args

import pytest

from processors.delivery.life import State, Want, wanted

IDLE: dict[State, Want] = {
    "free": "nothing",
    "fencing": "open",
    "loading": "load",
    "preparing": "commit",
    "active": "nothing",
    "draining": "close",
    "kept": "nothing",
}
WRITES = ("preparing", "active", "draining")
STATES = get_args(State)


@pytest.mark.parametrize("state", STATES)
def test_nothing_comes_before_what_is_in_flight(state: State) -> None:
    for waiting in (True, False):
        for calling in (True, False):
            found = wanted(state, in_flight=True, waiting=waiting, calling=calling)
            assert found == "nothing"


@pytest.mark.parametrize("state", STATES)
def test_who_serves_writes_before_all_else(state: State) -> None:
    expected = "write" if state in WRITES else IDLE[state]

    assert wanted(state, in_flight=False, waiting=True, calling=False) == expected


@pytest.mark.parametrize("state", STATES)
def test_every_state_wants_its_own(state: State) -> None:
    found = wanted(state, in_flight=False, waiting=False, calling=False)

    assert found == IDLE[state]


@pytest.mark.parametrize("state", ["fencing", "draining"])
def test_calls_end_before_the_ledger_is_opened_or_closed(state: State) -> None:
    found = wanted(state, in_flight=False, waiting=False, calling=True)

    assert found == "nothing"
