"""What one operation changes: plain objects, records compared whole."""

from __future__ import annotations

from processors.delivery.lane import Entry, Lane
from processors.delivery.link import Link
from processors.delivery.operations import (
    BEHIND,
    RECORD_BYTES,
    Changes,
    Operation,
    park_behind,
    park_from_head,
)
from processors.delivery.records import (
    Letter,
    Meta,
    Outcome,
    Park,
    PutLink,
    PutMeta,
    Republish,
    Unpark,
)
from processors.delivery.verdict import End
from tests.support.core import ANN, APPLIED, REF, an_event, change, parked, version

LINK = Link(
    REF,
    taken=4,
    replay_until=2,
    versions={"A": version(1)},
    fingerprints={"A": "v1"},
)
LANE = Lane(ANN)


def changes(link: Link = LINK) -> Changes:
    return Changes(LANE, link, "effort")


def test_an_event_that_ends_leaves_its_outcome_and_is_taken() -> None:
    found, event = changes(), an_event(7)

    found.settle(event, APPLIED, 3)

    assert found.operation() == Operation(
        (
            PutLink(ANN, LINK.but(taken=7)),
            Outcome(event, APPLIED, 3, replay=False, effort="effort"),
        ),
        (LANE,),
    )


def test_a_parked_event_that_ends_leaves_the_retry_topic() -> None:
    found, event = changes(), parked(3)

    found.settle(event, APPLIED, 1)

    link, unparked, outcome = found.operation().records
    assert link == PutLink(ANN, LINK), "`taken` never falls"
    assert unparked == Unpark(event)
    assert outcome == Outcome(event, APPLIED, 1, replay=False, effort="effort")


def test_an_outcome_is_a_replay_up_to_the_offset_that_was_taken_before() -> None:
    found = changes()
    for offset in (2, 3):
        found.settle(an_event(offset), APPLIED, 1)

    outcomes = [r for r in found.operation().records if isinstance(r, Outcome)]
    assert [outcome.replay for outcome in outcomes] == [True, False]


def test_offsets_of_another_topic_are_neither_taken_nor_replays() -> None:
    found, event = changes(), parked(1)
    event.topic_ref = "old-topi"
    later = parked(99)
    later.topic_ref = "old-topi"

    found.settle(event, APPLIED, 1)
    found.park(later, Entry())

    records = found.operation().records
    assert records[0] == PutLink(ANN, LINK)
    assert records[2] == Outcome(event, APPLIED, 1, replay=False, effort="effort")


def test_a_superseded_event_takes_along_the_fingerprints_it_disagrees_with() -> None:
    found, event = changes(), an_event(7)

    found.supersede(event, 2)

    link = LINK.but(taken=7, fingerprints={})
    outcome = Outcome(event, End("superseded"), 2, replay=False, effort="effort")
    assert found.operation().records == (PutLink(ANN, link), outcome)


def test_an_event_of_which_nothing_is_known_is_superseded_all_the_same() -> None:
    found = changes()

    found.supersede(an_event(7, change=None), 1)

    assert found.link == LINK.but(taken=7)


def test_what_a_person_ignores_is_given_up_with_its_attempts() -> None:
    found = changes()
    event = parked(2, attempts=5)
    event.change = change(2, 1, A="v1")

    found.ignore(event, "asked for")

    below = LINK.but(versions={"A": version(1).just_below()})
    end = End("ignored", reason="asked for")
    assert found.operation().records == (
        PutLink(ANN, below),
        Unpark(event),
        Outcome(event, end, 5, replay=True, effort="effort"),
    )


def test_what_a_person_ignores_unread_leaves_every_fingerprint_in_doubt() -> None:
    found = changes()

    found.ignore(an_event(7, change=None), "")

    assert found.link == LINK.but(taken=7, fingerprints={})
    outcome = found.operation().records[-1]
    assert isinstance(outcome, Outcome)
    assert outcome.attempts == 0


def test_a_dead_letter_and_the_end_of_its_event_are_one_operation() -> None:
    found, event = changes(), an_event(7)

    found.bury(event, "rejected", "HTTP 422", 2)

    end = End("dead", dead_class="rejected", reason="HTTP 422")
    assert found.operation().records == (
        PutLink(ANN, LINK.but(taken=7, fingerprints={})),
        Letter(event, "rejected", "HTTP 422", 2),
        Outcome(event, end, 2, replay=False, effort="effort"),
    )


def test_a_dead_letter_of_a_replay_gives_its_versions_back() -> None:
    found = changes()

    found.bury(an_event(2, change=change(2, 1, A="v1")), "rejected", "", 1)

    assert found.link.versions == {"A": version(1).just_below()}


def test_an_unreadable_event_is_buried_and_changes_no_field() -> None:
    found = changes()

    found.bury(an_event(7, change=None), "unreadable", "no JSON", 0)

    assert found.link == LINK.but(taken=7)


def test_the_notice_of_a_held_event_ends_nothing() -> None:
    found, event = changes(), an_event(7)

    found.notify(event, "rejected", "HTTP 422", 2)

    letter = Letter(event, "rejected", "HTTP 422", 2)
    assert found.operation().records == (PutLink(ANN, LINK), letter)


def test_an_event_in_the_wrong_place_is_sent_on_and_ends_here() -> None:
    found, event = changes(), an_event(7, change=None)

    found.republish(event)

    assert found.operation().records == (
        PutLink(ANN, LINK.but(taken=7)),
        Republish(event),
        Outcome(event, End("rerouted"), 0, replay=False, effort="effort"),
    )


def test_what_is_parked_is_taken() -> None:
    found, event = changes(), an_event(7)

    found.park(event, Entry("review"))

    assert found.operation(Meta(commands=3)).records == (
        PutLink(ANN, LINK.but(taken=7)),
        Park(event, Entry("review")),
        PutMeta(Meta(commands=3)),
    )


def test_a_lane_is_parked_in_order_and_only_its_head_has_a_time() -> None:
    found = changes()
    events = [an_event(5), an_event(6), an_event(7)]
    head = Entry("waiting", 2, 30.0, 10.0, "HTTP 503")

    park_from_head(found, events, head)

    behind = Entry(first_failed_at=10.0, reason=BEHIND)
    assert found.operation().records[1:] == (
        Park(events[0], head),
        Park(events[1], behind),
        Park(events[2], behind),
    )
    assert found.link.taken == 7


def test_what_comes_to_a_parked_lane_is_parked_behind_it_as_far_as_there_is_room() -> (
    None
):
    lane = Lane(ANN, [parked(1), an_event(5), an_event(6), an_event(7)])

    found = park_behind(lane, LINK, 20.0, 2)

    behind = Entry(first_failed_at=20.0, reason=BEHIND)
    assert found.operation() == Operation(
        (
            PutLink(ANN, LINK.but(taken=6)),
            Park(lane.events[1], behind),
            Park(lane.events[2], behind),
        ),
        (lane,),
    )


def test_an_operation_is_about_as_large_as_its_bodies_and_records() -> None:
    event = an_event(1)
    operation = Operation(
        (
            PutLink(ANN, LINK),
            Park(event, Entry()),
            Letter(event, "rejected", "", 1),
            Republish(event),
            Unpark(event),
        )
    )

    assert operation.size_bytes == 3 * 100 + 5 * RECORD_BYTES
    assert RECORD_BYTES == 600
