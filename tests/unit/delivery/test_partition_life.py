"""One partition from being assigned to being given away: plain objects."""

from __future__ import annotations

import pytest

from processors.delivery.link import Link, encode
from processors.delivery.records import (
    Meta,
    Park,
    PutLink,
    PutMeta,
    PutOwner,
    Written,
)
from processors.delivery.verdict import RetryLater
from tests.support.core import (
    ANN,
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


def test_a_partition_is_fenced_loaded_prepared_and_probed_before_it_is_served() -> None:
    owner = Owner()
    core = owner.core
    assert (core.state, core.want()) == ("free", "nothing")

    core.assigned()
    assert (core.state, core.want()) == ("fencing", "open")
    core.opened()
    assert (core.state, core.want()) == ("loading", "load")
    core.loaded(nothing(committed=None, meta=None, start=5))
    assert (core.state, core.want(), core.to_commit) == ("preparing", "write", 5)
    assert owner.write() == [PutMeta(Meta(TOPIC, 5))]
    assert (core.state, core.want()) == ("preparing", "commit")
    core.committed()
    assert (core.state, core.want(), core.to_commit) == ("preparing", "write", None)
    assert owner.write() == [PutOwner()]
    assert (core.state, core.want()) == ("active", "nothing")
    assert (core.number, core.topic_ref) == (7, REF)


def test_nothing_is_wanted_while_a_transaction_is_in_flight() -> None:
    owner = Owner()
    owner.core.assigned()
    owner.core.opened()
    owner.core.loaded(nothing())
    batch = owner.core.batch()

    assert owner.core.want() == "nothing"
    owner.core.written(batch, "aborted", owner.now)
    assert owner.core.want() == "write"
    assert owner.core.batch().operations == batch.operations


def test_a_partition_is_not_served_before_all_that_is_wanted_is_written() -> None:
    raw = {ANN: encode(Link(REF, 9)), BOB: encode(Link(REF, 8))}
    owner = Owner(rules(batch_records_max=1))
    owner.core.assigned()
    owner.core.opened()
    owner.core.loaded(nothing(links=raw, committed=4, marked=False))
    owner.core.committed()

    states = []
    while owner.core.want() == "write":
        states.append(owner.core.state)
        owner.core.written(owner.core.batch(), "durable", owner.now)

    assert states == ["preparing"] * 4
    assert owner.core.state == "active"


def test_messages_and_commands_wait_until_the_partition_is_served() -> None:
    owner, event = Owner(), an_event(3)
    owner.core.assigned()
    owner.arrive(event)
    assert owner.core.start() is None
    assert owner.core.intake.memory.events == 1

    owner.core.wake(owner.now)
    owner.serve()

    assert owner.start().events == (event,)
    assert owner.core.intake.memory.events == 1


def test_assigning_what_is_owned_changes_nothing() -> None:
    owner = Owner().serve()

    owner.core.assigned()

    assert owner.core.state == "active"


@pytest.mark.parametrize("result", ["fenced", "unknown"])
def test_who_is_fenced_or_in_doubt_fences_and_loads_again(result: Written) -> None:
    owner = Owner().serve()
    taken, kept = an_event(1), an_event(2, BOB)
    owner.arrive(taken, kept)
    owner.end(owner.start())
    running = owner.start()

    written = owner.write(result)

    core = owner.core
    assert isinstance(written[0], PutLink)
    assert (core.state, core.want()) == ("fencing", "nothing"), "a call is in flight"
    owner.end(running)
    assert core.want() == "open", "what it came to is not believed"
    core.opened()
    core.loaded(nothing(links={ANN: encode(Link(REF, 1))}))
    owner.write()
    core.committed()
    owner.write()
    assert core.release() == [1], "it was durable after all"
    assert owner.start().events == (kept,)


def test_after_a_fence_what_had_ended_is_judged_anew() -> None:
    owner = Owner().serve()
    owner.arrive(an_event(1), an_event(2, BOB))
    owner.end(owner.start())
    owner.write()
    ended = owner.start()
    owner.end(ended)
    owner.core.batch()
    assert len(owner.core.intake.sequencer) == 2
    owner.core.fenced()
    owner.core.opened()
    owner.core.loaded(nothing())
    owner.write()
    owner.core.committed()
    owner.write()

    assert owner.core.release() == []
    assert len(owner.core.lanes) == 2
    assert owner.core.intake.memory.events == 2


def test_a_transaction_of_before_a_fence_changes_nothing() -> None:
    owner = Owner().serve()
    owner.arrive(an_event(1))
    owner.end(owner.start())
    batch = owner.core.batch()
    owner.core.fenced()

    owner.core.written(batch, "durable", owner.now)

    assert owner.core.release() == []
    assert owner.core.durable.raw_links == {}


def test_a_partition_that_drains_starts_no_call_and_writes_what_ends() -> None:
    owner = Owner().serve()
    owner.arrive(an_event(1), an_event(2, BOB))
    running = owner.start()

    owner.core.drain()
    owner.core.drain()

    core = owner.core
    assert (core.state, core.want(), core.start()) == ("draining", "nothing", None)
    owner.end(running)
    assert core.want() == "write"
    owner.write()
    assert core.release() == [1]
    assert core.want() == "close"


def test_what_fails_while_a_partition_drains_is_parked() -> None:
    owner = Owner().serve()
    owner.arrive(an_event(1))
    running = owner.start()
    owner.core.drain()

    owner.end(running, RetryLater("HTTP 503"))

    assert any(isinstance(record, Park) for record in owner.write())


@pytest.mark.parametrize("state", ["fencing", "loading", "preparing", "kept"])
def test_a_partition_that_is_not_served_has_nothing_to_drain(state: str) -> None:
    owner = Owner()
    core = owner.core
    core.assigned()
    if state in ("loading", "preparing"):
        core.opened()
    if state == "preparing":
        core.loaded(nothing())
    if state == "kept":
        owner.core.lost()
        owner.serve()
        core.drain()
        core.kept()
    assert core.state == state

    core.drain()

    assert (core.state, core.want()) == ("free", "nothing")


@pytest.mark.parametrize("state", ["draining", "kept"])
def test_who_is_fenced_while_giving_the_partition_away_has_lost_it(state: str) -> None:
    owner = Owner().serve()
    owner.core.drain()
    if state == "kept":
        owner.core.kept()

    owner.core.fenced()

    assert owner.core.state == "free"


def test_who_owns_nothing_cannot_be_fenced() -> None:
    owner = Owner()

    owner.core.fenced()

    assert owner.core.state == "free"


def test_a_partition_that_is_lost_forgets_everything() -> None:
    owner = Owner().serve(nothing(links={ANN: encode(Link(REF, 0))}))
    owner.arrive(an_event(1))
    attempt = owner.start()
    owner.end(attempt)
    epoch = owner.core.epoch

    owner.core.lost()

    core = owner.core
    assert (core.state, core.want(), core.release()) == ("free", "nothing", [])
    assert core.epoch > epoch
    assert (len(core.intake.sequencer), core.intake.memory.events, len(core.lanes)) == (
        0,
        0,
        0,
    )
    assert core.durable.raw_links == {}
    assert core.durable.meta == Meta()
    assert core.durable.link(ANN) == Link(REF)
    assert core.to_commit is None


def test_kept_events_of_an_earlier_topic_still_come_first() -> None:
    old = parked(9, due_at=0.0)
    old.topic_ref = "old-topi"
    owner = Owner().serve(nothing(parked=[parked(1, BOB, due_at=0.0), old, parked(2)]))
    owner.core.drain()
    owner.core.kept()
    owner.core.assigned()
    owner.write()

    assert [owner.start().events[0].offset for _ in range(2)] == [9, 1]
    lane = owner.core.lanes.get(ANN)
    assert lane is not None
    assert [event.offset for event in lane.events] == [9, 2]


def test_a_partition_that_comes_back_needs_only_the_probe() -> None:
    owner = Owner().serve()
    owner.arrive(an_event(1), an_event(2), an_event(3, BOB))
    running = owner.start()
    owner.end(running, PARKED)
    owner.write()
    owner.core.drain()
    epoch = owner.core.epoch
    owner.core.kept()
    core = owner.core
    assert (core.state, core.want()) == ("kept", "nothing")
    assert core.epoch > epoch
    assert (len(core.intake.sequencer), core.intake.memory.events, len(core.lanes)) == (
        0,
        0,
        0,
    )

    core.assigned()
    assert (core.state, core.want()) == ("preparing", "write")
    assert owner.write() == [PutOwner()]

    assert core.state == "active"
    owner.arrive(an_event(2), an_event(3, BOB))
    assert core.release() == [2], "it is taken"
    assert owner.start().events[0].offset == 3
    lane = core.lanes.get(ANN)
    assert lane is not None
    assert [event.offset for event in lane.events] == [1, 2]


def test_a_partition_that_somebody_else_had_meanwhile_is_loaded_again() -> None:
    owner = Owner().serve()
    owner.core.drain()
    owner.core.kept()
    owner.core.assigned()

    owner.write("fenced")

    assert owner.core.want() == "open"
