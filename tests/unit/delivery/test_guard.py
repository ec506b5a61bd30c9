"""The version guard: plain functions, and properties over made-up histories."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from processors.delivery import guard
from processors.delivery.guard import Change, Plan
from processors.delivery.link import Link
from tests.support.core import change, version


def link(**known: tuple[int, str | None]) -> Link:
    """Return a link in which each field has a rank and perhaps a fingerprint."""
    return Link(
        versions={name: version(rank) for name, (rank, _) in known.items()},
        fingerprints={name: f for name, (_, f) in known.items() if f is not None},
    )


def test_an_event_sets_a_field_that_is_unknown_or_older() -> None:
    known = link(A=(2, "x"))

    assert guard.is_fresh(known, "A", change(0, 3, A="y"))
    assert guard.is_fresh(known, "B", change(0, 1, B="y"))
    assert not guard.is_fresh(known, "A", change(0, 1, A="y"))


def test_the_same_version_sets_a_field_only_as_a_replay() -> None:
    known = link(A=(2, "x")).but(replay_until=5)

    assert guard.is_fresh(known, "A", change(5, 2, A="x"))
    assert not guard.is_fresh(known, "A", change(6, 2, A="x"))
    assert not guard.is_fresh(known, "A", change(5, 1, A="x"))


def test_offsets_of_another_topic_are_no_replays() -> None:
    known = link(A=(2, "x")).but(topic_ref="here", replay_until=5)
    event = change(5, 2, A="x")

    assert guard.is_fresh(known, "A", replace(event, topic_ref="here"))
    assert not guard.is_fresh(known, "A", replace(event, topic_ref="before"))


def test_of_several_events_the_newest_sets_a_field_wherever_it_stands() -> None:
    newest, older = change(0, 9, A="new"), change(1, 3, A="old", B="b")

    planned = guard.plan(Link(), [newest, older])

    assert planned == Plan({"A": newest, "B": older}, ("A", "B"))


def test_a_value_that_was_told_is_not_sent_again_for_a_stale_event_beside_it() -> None:
    known = link(A=(5, "new"))
    late, login = change(7, 3, A="old"), change(8, 6, A="new")

    planned = guard.plan(known, [late, login])

    assert planned == Plan({"A": login}, ())


def test_a_value_is_sent_again_where_a_newer_event_may_have_told_another() -> None:
    known = link(A=(2, "a"))
    there, back = change(7, 3, A="b"), change(8, 4, A="a")

    assert guard.plan(known, [there, back]) == Plan({"A": back}, ("A",))


def test_of_two_events_with_one_version_the_first_sets_the_field() -> None:
    first, copy = change(0, 3, A="a"), change(1, 3, A="a")

    assert guard.plan(Link(), [first, copy]).winners == {"A": first}


def test_a_field_that_every_event_agrees_on_is_left_out() -> None:
    known = link(A=(1, "x"), B=(1, "x"))

    planned = guard.plan(known, [change(2, A="x", B="x"), change(3, A="x", B="y")])

    assert planned.send == ("B",)
    assert set(planned.winners) == {"A", "B"}


def test_a_field_is_sent_when_an_older_event_of_the_fold_disagrees() -> None:
    """Its attempt may have reached the destination before the answer was lost."""
    known = link(A=(1, "x"))

    assert guard.plan(known, [change(2, A="y"), change(3, A="x")]).send == ("A",)


def test_a_field_without_a_fingerprint_is_sent() -> None:
    assert guard.plan(link(A=(1, None)), [change(2, A="x")]).send == ("A",)


def test_what_a_deletion_covers_is_set_but_not_sent_and_not_asked() -> None:
    known = link(A=(1, "x"), active=(1, "yes"))
    deletion = change(3, A=None, active="no")

    planned = guard.plan(known, [change(2, A="x"), deletion])

    assert planned.winners == {"A": deletion, "active": deletion}
    assert planned.send == ("active",)


def test_a_field_that_a_deletion_covered_is_sent_again() -> None:
    known = link(A=(1, "x"), active=(1, "yes"))
    deletion = change(3, A=None, active="no")

    assert "A" in guard.plan(known, [deletion, change(4, A="x")]).send


def test_nothing_fresh_plans_nothing() -> None:
    assert guard.plan(link(A=(5, "x")), [change(2, A="y")]) == Plan({}, ())


def test_a_confirmed_call_takes_versions_and_the_fingerprints_it_sent() -> None:
    known = link(A=(1, "x"), B=(1, "b"), C=(1, "c"))
    planned = guard.plan(known, [change(2, A="y", B="b"), change(3, C=None)])

    confirmed = guard.confirmed(known, planned)

    assert confirmed.versions == {"A": version(2), "B": version(2), "C": version(3)}
    assert confirmed.fingerprints == {"A": "y", "B": "b"}
    assert known.versions["A"] == version(1)
    assert known.fingerprints["C"] == "c"


def test_a_deletion_of_an_unknown_field_leaves_no_fingerprint() -> None:
    planned = guard.plan(Link(), [change(2, A=None)])

    assert guard.confirmed(Link(), planned) == Link(versions={"A": version(2)})


def test_an_unconfirmed_event_takes_the_fingerprints_that_it_disagrees_with() -> None:
    known = link(A=(1, "x"), B=(1, "b"), C=(9, "c"), D=(1, "d"))
    event = change(2, A="y", B="b", C="other", D=None, E="e")

    left = guard.unconfirmed(known, event)

    assert left.fingerprints == {"B": "b", "C": "c"}
    assert left.versions == known.versions


def test_an_unconfirmed_event_that_agrees_changes_nothing() -> None:
    known = link(A=(1, "x"))

    assert guard.unconfirmed(known, change(2, A="x", B="y")) is known


def test_a_dead_letter_takes_no_version() -> None:
    known = link(A=(1, "x"))

    left = guard.given_up(known, change(2, A="y"))

    assert left.versions == {"A": version(1)}
    assert left.fingerprints == {}


def test_a_dead_letter_of_a_replay_gives_its_own_versions_back() -> None:
    known = link(A=(2, "x"), B=(2, "b"), C=(1, "c")).but(replay_until=4)

    left = guard.given_up(known, change(4, 2, A="x", C="c"))

    below = version(2).just_below()
    assert left.versions == {"A": below, "B": version(2), "C": version(1)}
    assert guard.given_up(known, change(5, 2, A="x")).versions == known.versions


names = st.sampled_from("AB")
values = st.sampled_from("xyz")


@st.composite
def histories(draw: st.DrawFn) -> list[Change]:
    """Draw a few events in some order of time."""
    fields = st.dictionaries(names, values, min_size=1)
    found = draw(st.lists(fields, min_size=1, max_size=5))
    ranks = draw(st.permutations(range(len(found))))
    return [
        Change(offset, version(rank), carried)
        for offset, (rank, carried) in enumerate(zip(ranks, found, strict=True))
    ]


@given(histories(), st.lists(st.integers(1, 3), min_size=5, max_size=5))
def test_however_events_are_folded_the_newest_value_of_each_field_is_sent_last(
    history: list[Change], sizes: list[int]
) -> None:
    known, destination, left = Link(), dict[str, str | None](), list(history)
    while left:
        size = sizes.pop(0) if sizes else 1
        fold, left = left[:size], left[size:]
        planned = guard.plan(known, fold)
        for name in planned.send:
            destination[name] = planned.winners[name].fields[name]
        known = guard.confirmed(known, planned)

    newest = {
        name: max((c for c in history if name in c.fields), key=lambda c: c.version)
        for name in {name for c in history for name in c.fields}
    }
    assert destination == {name: c.fields[name] for name, c in newest.items()}
    assert known.versions == {name: c.version for name, c in newest.items()}
    assert known.fingerprints == destination
