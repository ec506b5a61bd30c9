"""The walks: each with little trouble of one or two kinds, small enough to be whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations

from processors.delivery.bounds import Bounds
from tests.explorer.scenario import HELD, LONG_SECONDS, Scenario, Spec, Trouble

ONE_BY_ONE = Bounds(fold_events_max=1)
BACKLOG = Bounds(backlog_after_seconds=0.0)
TIGHT = Bounds(
    distance_max=1, lane_events_max=1, batch_records_max=2, fold_events_max=2
)


def log(
    values: str, ranks: tuple[int, ...] = (1, 2, 3, 4), **more: object
) -> tuple[Spec, ...]:
    """Return events that carry one field, each the value of one letter."""
    return tuple(
        Spec(rank, (("A", value),), **more)  # type: ignore[arg-type]
        for value, rank in zip(values, ranks, strict=False)
    )


BACK_AND_FORTH = log("xyx")
TWO_FIELDS = (
    Spec(2, (("A", "x"), ("B", "p"))),
    Spec(1, (("A", "y"), ("B", "q"))),
    Spec(3, (("A", "x"),)),
)
TWO_USERS = (
    Spec(1, (("A", "x"),)),
    Spec(1, (("A", "x"),), b"bob"),
    Spec(2, (("A", "y"),)),
)
DELETED = (
    Spec(1, (("A", "x"), ("active", "yes"))),
    Spec(2, (("A", "y"), ("active", "yes"))),
    Spec(3, (("A", None), ("active", "no"))),
)
PUT_BACK = (
    Spec(1, (("A", "x"), ("B", "p"))),
    Spec(2, (("A", "y"),)),
    Spec(1, (("A", "x"), ("B", "p")), copy_of=0),
)
HELD_FIRST = (Spec(1, (("A", "x"),), event_type=HELD), *log("yx", (2, 3)))
HELD_SECOND = (
    Spec(1, (("A", "x"),)),
    Spec(2, (("A", "y"),), event_type=HELD),
    Spec(3, (("A", "x"),)),
)
ORDERS = ("skip", "release", "retry")
SHORT, LONG = (0.0,), (LONG_SECONDS,)


def small() -> Iterator[Scenario]:
    """Yield the walks of every run of the tests: three events, mostly one crash."""
    for ranks in permutations((1, 2, 3)):
        name = "crash, versions " + "".join(map(str, ranks))
        yield Scenario(name, log("xyx", ranks), Trouble(crashes=1, lost=1))
    for ranks in ((2, 1, 3), (3, 2, 1)):
        name = "one by one, versions " + "".join(map(str, ranks))
        trouble = Trouble(crashes=1, lost=1)
        yield Scenario(name, log("xyx", ranks), trouble, ONE_BY_ONE)
    yield Scenario("there and back", BACK_AND_FORTH, Trouble(crashes=1, lost=2))
    yield Scenario("two fields", TWO_FIELDS, Trouble(crashes=1, lost=1, refusals=1))
    yield Scenario("two users", TWO_USERS, Trouble(crashes=1, lost=1, aborts=1))
    yield Scenario("away", BACK_AND_FORTH, Trouble(away=1, lost=1, crashes=1))
    yield Scenario("tight", BACK_AND_FORTH, Trouble(crashes=1, lost=1), TIGHT)
    yield Scenario("room", BACK_AND_FORTH, Trouble(rooms=2, crashes=1, lost=1), BACKLOG)
    yield Scenario("room, two users", TWO_USERS, Trouble(rooms=1, crashes=1), BACKLOG)
    yield from _owners()
    yield from _letters()
    yield from _people()
    yield from _rewinds()


def _owners() -> Iterator[Scenario]:
    """Yield walks in which transactions and ownership are in doubt."""
    yield Scenario("unknown commits", BACK_AND_FORTH, Trouble(unknown=2, lost=1))
    yield Scenario("aborted", BACK_AND_FORTH, Trouble(aborts=1, lost=1, crashes=1))
    yield Scenario("frozen owner", BACK_AND_FORTH, Trouble(freezes=1, lost=1))
    yield Scenario("fenced alive", BACK_AND_FORTH, Trouble(fences=2, lost=1))
    yield Scenario("fenced after a crash", log("xy"), Trouble(fences=1, crashes=1))
    yield Scenario("given back", BACK_AND_FORTH, Trouble(drains=1, lost=1))


def _letters() -> Iterator[Scenario]:
    """Yield walks with dead letters."""
    yield Scenario(
        "dead letters",
        log("xyx", (1, 3, 2)),
        Trouble(crashes=1, lost=2, refusals=1),
        waits_seconds=(1.0,),
        waits=SHORT,
    )
    yield Scenario("letter put back", PUT_BACK, Trouble(crashes=1, lost=1, refusals=1))
    yield Scenario(
        "deletion", DELETED, Trouble(crashes=1, lost=1, refusals=1), culprit=True
    )


def _people() -> Iterator[Scenario]:
    """Yield walks in which something waits for a person, and operators give orders."""
    for name, events in (("first", HELD_FIRST), ("second", HELD_SECOND)):
        yield Scenario(
            f"held {name}",
            events,
            Trouble(crashes=1, refusals=1, commands=1),
            held=True,
            orders=ORDERS,
        )
    yield Scenario(
        "held, given up",
        HELD_SECOND,
        Trouble(lost=2, commands=2),
        held=True,
        orders=ORDERS,
        waits_seconds=(1.0,),
        waits=SHORT,
    )
    for order in (*ORDERS, "resync"):
        yield Scenario(
            f"command {order}",
            BACK_AND_FORTH,
            Trouble(lost=1, crashes=1, commands=1),
            orders=(order,),
            waits=LONG,
        )
    yield Scenario(
        "paused", log("xy"), Trouble(lost=1, crashes=1, commands=1), orders=("pause",)
    )
    yield Scenario(
        "reviews",
        BACK_AND_FORTH,
        Trouble(reviews=2, lost=1, commands=1),
        orders=("retry", "skip"),
        waits=LONG,
    )
    yield Scenario(
        "reviews, newest second",
        log("xyz", (1, 3, 2)),
        Trouble(reviews=1, crashes=1, lost=1),
    )


def _rewinds() -> Iterator[Scenario]:
    """Yield walks in which an operator sets the group's offset back."""
    yield Scenario(
        "rewind",
        log("xyx", (1, 3, 2)),
        Trouble(crashes=2, rewinds=1, lost=1),
        restores=True,
        waits=LONG,
    )
    yield Scenario(
        "rewind, letter put back",
        PUT_BACK,
        Trouble(crashes=1, rewinds=1, refusals=2),
        restores=True,
    )


def large() -> Iterator[Scenario]:
    """Yield the small walks with one crash more."""
    for scenario in small():
        trouble = scenario.trouble
        more = trouble._replace(crashes=trouble.crashes + 1)
        yield replace(scenario, trouble=more)


def named(name: str) -> Scenario:
    """Return the small walk of this name."""
    return next(scenario for scenario in small() if scenario.name == name)
