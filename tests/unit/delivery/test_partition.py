"""What one partition attempts, and what it is ordered to do: plain objects."""

from __future__ import annotations

from dataclasses import replace

import pytest

from processors.delivery.commands import Command
from processors.delivery.lane import Entry
from processors.delivery.link import Link, encode
from processors.delivery.operations import BEHIND
from processors.delivery.partition import Partition
from processors.delivery.records import (
    Meta,
    Outcome,
    Park,
    PutLink,
    PutMeta,
    Unpark,
)
from processors.delivery.verdict import NotMade, RetryLater
from tests.support.core import (
    ANN,
    APPLIED,
    BOB,
    REF,
    TOPIC,
    Owner,
    an_event,
    nothing,
    parked,
    rules,
)

PARKED = RetryLater("HTTP 503", 30.0)


def test_calls_are_counted_until_they_have_ended() -> None:
    owner = Owner().serve()
    owner.arrive(an_event(1), an_event(2, BOB))

    attempts = owner.start(), owner.start()
    assert owner.core.calls == 2
    assert owner.core.start() is None
    owner.end(attempts[0])
    owner.end(attempts[1], NotMade())

    assert owner.core.calls == 0
    assert owner.start().events[0].offset == 2


def test_an_attempt_stands_for_everything_and_is_one_transaction() -> None:
    owner = Owner().serve()
    events = an_event(1), an_event(2)
    owner.arrive(*events)

    records = owner.attempt()

    assert records == [
        PutLink(ANN, Link(REF, 2)),
        Outcome(events[0], APPLIED, 1, replay=False),
        Outcome(events[1], APPLIED, 1, replay=False),
    ]


def test_a_waiting_lane_is_attempted_when_it_is_woken_at_its_time() -> None:
    owner = Owner().serve()
    owner.arrive(an_event(1))
    owner.attempt(RetryLater("HTTP 503"))
    assert owner.core.lanes.due_at() == owner.now + 1.0
    assert owner.core.start() is None

    owner.core.wake(owner.now + 1.0)

    assert owner.start().number == 2


def test_parked_events_of_a_loaded_partition_go_on_where_they_were() -> None:
    entry = parked(1, attempts=2, due_at=50.0, first_failed_at=7.0)
    owner = Owner(rules(1.0, 5.0, 30.0)).serve(
        nothing(parked=[entry], links={ANN: encode(Link(REF, 1))})
    )

    records = owner.attempt(RetryLater("HTTP 503"))

    (park,) = [record for record in records if isinstance(record, Park)]
    assert park.entry == Entry("waiting", 3, owner.now + 30.0, 7.0, "HTTP 503")
    assert owner.core.release() == []


def test_long_waits_are_spread_by_the_chance_that_is_passed_in() -> None:
    owner = Owner(rules(200.0)).serve()
    owner.arrive(an_event(1))

    park = owner.attempt(RetryLater("HTTP 503"))[-1]

    assert isinstance(park, Park)
    assert park.entry.due_at == owner.now + 100.0


def test_an_attempt_knows_what_is_durable_of_its_user() -> None:
    link = Link(REF, 0, record_id="42")
    owner = Owner().serve(nothing(links={ANN: encode(link)}))
    owner.arrive(an_event(1))

    assert owner.start().link == link


def skip(offset: int, event: int) -> Command:
    return Command(offset, "skip", ANN, REF, event)


def test_a_command_is_carried_out_and_the_lane_goes_on() -> None:
    entry, behind = parked(1, state="held"), parked(2)
    owner = Owner().serve(
        nothing(parked=[entry, behind], links={ANN: encode(Link(REF, 2))})
    )
    owner.core.command(skip(0, 1), owner.now)
    assert owner.core.want() == "nothing"

    entry.body = "body"
    owner.core.filled(owner.now)

    records = owner.write()
    assert records[1] == Unpark(entry)
    assert records[-1] == PutMeta(Meta(TOPIC, commands=0))
    assert owner.core.durable.meta.commands == 0
    assert owner.start().events == (behind,)


def test_a_command_for_a_lane_at_work_is_carried_out_when_that_is_durable() -> None:
    owner = Owner().serve()
    owner.arrive(an_event(1))
    owner.attempt(PARKED)
    owner.now += 30
    owner.core.wake(owner.now)
    attempt = owner.start()
    owner.core.command(skip(0, 1), owner.now)
    owner.core.command(Command(1, "pause", reason="a fair"), owner.now)
    assert owner.core.want() == "nothing"

    owner.end(attempt)

    metas = [record for record in owner.write() if isinstance(record, PutMeta)]
    assert metas == [
        PutMeta(Meta(TOPIC, commands=0)),
        PutMeta(Meta(TOPIC, commands=1, paused=True, reason="a fair")),
    ]
    assert owner.core.durable.meta == metas[-1].meta


def test_a_command_is_carried_out_as_soon_as_its_lane_has_ended_a_call() -> None:
    owner = Owner().serve(nothing(parked=[parked(1, due_at=0.0)]))
    attempt = owner.start()
    owner.core.command(skip(0, 1), owner.now)
    attempt.events[0].entry = Entry()

    owner.end(attempt, NotMade())
    attempt.events[0].body = "body"
    owner.core.filled(owner.now)

    assert owner.core.want() == "write"


def retried(owner: Owner) -> float | None:
    """Write what the command to retry event 1 changes, and return when that is due."""
    (entry,) = [r.entry for r in owner.write() if isinstance(r, Park)]
    return entry.due_at


RETRY = Command(0, "retry", ANN, REF, 1)


@pytest.mark.parametrize("comes", ["fetched", "before", "during a call", "in a batch"])
def test_a_retry_is_due_when_it_is_carried_out(comes: str) -> None:
    event, other = parked(1, due_at=500.0), parked(2, BOB, due_at=0.0)
    owner = Owner().serve(nothing(parked=[event, other]))
    attempt = owner.start()
    assert attempt.events == (other,)
    if comes == "fetched":
        event.body = "body"
        owner.core.command(RETRY, owner.now)
    elif comes == "before":
        owner.core.command(RETRY, owner.now - 9)
        event.body = "body"
        owner.core.filled(owner.now)
    elif comes == "during a call":
        owner.core.command(RETRY, owner.now - 9)
        event.body = "body"
        owner.end(attempt, NotMade())
    else:
        event.body = "body"
        owner.core.command(Command(0, "unknown"), owner.now - 9)
        owner.core.command(replace(RETRY, offset=1), owner.now - 9)

    assert retried(owner) == owner.now


def test_in_a_pause_no_call_starts_and_it_ends_with_resume() -> None:
    owner = Owner().serve()
    owner.arrive(an_event(1))

    owner.core.command(Command(0, "pause"), owner.now)
    owner.write()
    assert owner.core.start() is None
    owner.core.command(Command(1, "resume"), owner.now)
    owner.write()

    assert owner.start().events[0].offset == 1


def test_a_pause_outlives_its_owner() -> None:
    owner = Owner().serve(nothing(meta=Meta(TOPIC, paused=True)))

    owner.arrive(an_event(1))

    assert owner.core.start() is None


def test_commands_wait_while_the_partition_is_not_served() -> None:
    core = Partition(0, TOPIC, rules())
    core.assigned()

    core.command(Command(0, "pause"), 0.0)
    core.filled(0.0)

    assert core.want() == "open"


def test_behind_a_parked_head_a_new_event_is_parked_and_acked() -> None:
    owner = Owner().serve(nothing(parked=[parked(1, state="held")]))

    owner.arrive(an_event(2))

    link, park = owner.write()
    assert link == PutLink(ANN, Link(REF, 2))
    assert isinstance(park, Park)
    assert park.entry == Entry(first_failed_at=owner.now, reason=BEHIND)
    assert owner.core.release() == [2]
