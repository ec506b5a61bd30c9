"""Long walks at random: more users, events and trouble than can be walked whole.

A seed that fails is printed by hypothesis, and walks the same way again.
"""

from __future__ import annotations

from random import Random

from hypothesis import example, given, settings
from hypothesis import strategies as st

from processors.delivery.bounds import Bounds
from tests.explorer.choices import FAULTS, choices
from tests.explorer.play import Play
from tests.explorer.scenario import HELD, Scenario, Spec, Trouble

USERS = (b"ann", b"bob", b"eve")
TROUBLE = Trouble(
    crashes=2,
    freezes=1,
    fences=1,
    lost=5,
    away=2,
    refusals=2,
    reviews=2,
    unknown=2,
    aborts=2,
    drains=2,
    rewinds=1,
    commands=6,
)
STEPS_MAX = 3_000


def a_scenario(random: Random) -> Scenario:
    """Return a dozen events of three users, and all kinds of trouble."""
    ranks = random.sample(range(1, 13), 12)
    events = tuple(
        Spec(
            rank,
            tuple((name, random.choice("xy")) for name in random.choice(["A", "AB"])),
            random.choice(USERS),
            random.choice([HELD, "", ""]),
        )
        for rank in ranks
    )
    bounds = Bounds(
        distance_max=random.choice([3, 1000]),
        lane_events_max=random.choice([2, 64]),
        fold_events_max=random.choice([1, 2, 100]),
        batch_records_max=random.choice([3, 500]),
    )
    return Scenario(
        "at random",
        events,
        TROUBLE,
        bounds,
        waits_seconds=(1.0, 1.0),
        held=random.random() < 0.5,
        orders=("skip", "release", "retry", "pause"),
        restores=True,
    )


@settings(max_examples=60, deadline=None)
@example(0)
@given(st.integers(0, 2**32))
def test_the_promises_hold_on_long_walks_at_random(seed: int) -> None:
    random = Random(seed)  # noqa: S311 -- walks need no cryptography
    play = Play(a_scenario(random))
    for _ in range(STEPS_MAX):
        possible = choices(play)
        goes_on = [choice for choice in possible if choice[0] not in FAULTS]
        faults = [choice for choice in possible if choice[0] in FAULTS]
        if not goes_on:
            play.check_end()
            return
        trouble = faults and random.random() < 0.1
        play.do(random.choice(faults if trouble else goes_on))
    raise AssertionError("the walk comes to an end")
