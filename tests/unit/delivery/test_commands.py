"""What operators ask for: plain objects, records compared whole."""

from __future__ import annotations

from typing import Any

import pytest

from processors.delivery.commands import Command, CommandName, Commands, standing
from processors.delivery.durable import Durable
from processors.delivery.lane import Entry, EntryState, Lane, Waiting
from processors.delivery.lanes import Lanes
from processors.delivery.link import Link, encode
from processors.delivery.operations import Operation
from processors.delivery.records import Meta, Outcome, Park, PutLink, PutMeta, Unpark
from processors.delivery.verdict import End
from tests.support.core import ANN, BOB, REF, fetch, parked, rules

LINK = Link(REF, 9)
NOW = 100.0


class Desk:
    """A lane with parked events, and the commands that come for it."""

    def __init__(self, *events: Waiting, meta: Meta | None = None) -> None:
        self.operations: list[Operation] = []
        self.durable = Durable(REF, {ANN: encode(LINK)}, meta or Meta())
        self.lanes = Lanes(rules(), self.durable.link, self.operations.append)
        self.lanes.restore(events, NOW)
        self.commands = Commands()

    @property
    def lane(self) -> Lane:
        lane = self.lanes.get(ANN)
        assert lane is not None
        return lane

    def next(self, *commands: Command) -> Operation | None:
        for command in commands:
            self.commands.add(command)
        return self.commands.next(self.lanes, self.durable, NOW)


def order(offset: int, name: CommandName, event: int = 5) -> Command:
    return Command(offset, name, ANN, REF, event, "asked for")


def fetched(offset: int, state: EntryState, **entry: Any) -> Waiting:
    event = parked(offset, state=state, due_at=500.0, **entry)
    fetch([event])
    return event


def test_a_skipped_event_is_ignored_and_the_command_s_offset_stored_with_it() -> None:
    event = fetched(5, "held", attempts=3)
    desk = Desk(event)

    operation = desk.next(order(17, "skip"))

    end = End("ignored", reason="asked for")
    assert operation == Operation(
        (
            PutLink(ANN, LINK),
            Unpark(event),
            Outcome(event, end, 3, replay=False),
            PutMeta(Meta(commands=17)),
        ),
        (desk.lane,),
    )
    assert desk.lane.busy == "settling"


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("release", "held"),
        ("retry", "waiting"),
        ("retry", "review"),
        ("retry", "grace"),
        ("retry", "budget"),
    ],
)
def test_an_event_is_tried_again_at_once(name: CommandName, state: EntryState) -> None:
    event = fetched(5, state, attempts=3, first_failed_at=7.0, reason="HTTP 503")
    desk = Desk(event)

    operation = desk.next(order(17, name))

    entry = Entry("waiting", 3, NOW, 7.0, "HTTP 503")
    assert operation is not None
    assert operation.records == (
        PutLink(ANN, LINK),
        Park(event, entry),
        PutMeta(Meta(commands=17)),
    )


@pytest.mark.parametrize(
    ("name", "state"),
    [("retry", "held"), *(("release", s) for s in ("waiting", "review", "grace"))],
)
def test_a_command_that_does_not_fit_is_noted_and_changes_nothing(
    name: CommandName, state: EntryState
) -> None:
    desk = Desk(fetched(5, state))

    operation = desk.next(order(17, name))

    assert operation == Operation((PutMeta(Meta(commands=17)),), (desk.lane,))
    assert desk.lane.busy == "settling"


def test_a_command_means_the_event_that_it_names_and_never_the_head() -> None:
    events = [fetched(3, "held"), fetched(5, "waiting")]
    desk = Desk(*events)

    operation = desk.next(order(17, "skip", event=5))

    assert operation is not None
    assert operation.records[1] == Unpark(events[1])
    other = Desk(*events).next(order(17, "skip", event=4))
    assert other == Operation((PutMeta(Meta(commands=17)),))


def test_an_event_of_another_topic_or_in_memory_is_not_meant() -> None:
    old = fetched(5, "held")
    old.topic_ref = "old-topi"

    assert order(1, "skip").meant(Lane(ANN, [old])) is None
    assert order(1, "skip").meant(Lane(ANN, [Waiting(ANN, REF, 5, 1)])) is None
    assert order(1, "skip").meant(None) is None


def test_a_command_for_nobody_is_noted() -> None:
    command = Command(17, "skip", BOB, REF, 5)

    assert Desk().next(command) == Operation((PutMeta(Meta(commands=17)),))


def test_a_command_waits_while_its_lane_is_at_work() -> None:
    desk = Desk(fetched(5, "held"))
    desk.lane.busy = "calling"

    assert desk.next(order(17, "skip")) is None
    desk.lane.busy = "no"
    assert desk.next() is not None


def test_a_command_waits_until_the_body_is_there() -> None:
    event = parked(5, state="held")
    desk = Desk(event)

    assert desk.commands.missing(desk.lanes) is None
    assert desk.next(order(17, "skip")) is None
    assert desk.commands.missing(desk.lanes) is event
    fetch([event])
    assert desk.commands.missing(desk.lanes) is None
    assert desk.next() is not None


def test_commands_are_carried_out_one_by_one_in_their_order() -> None:
    events = [fetched(5, "held"), parked(6, state="waiting")]
    desk = Desk(*events)

    first = desk.next(order(17, "skip"), order(18, "skip", event=6))
    assert first is not None
    assert desk.next() is None
    assert desk.commands.missing(desk.lanes) is None

    desk.commands.durable(Operation(()))
    assert desk.next() is None
    desk.durable.apply(first.records)
    desk.lane.busy = "no"
    desk.commands.durable(first)
    assert desk.commands.missing(desk.lanes) is events[1]
    fetch(events)
    second = desk.next()
    assert second is not None
    assert second.records[-1] == PutMeta(Meta(commands=18))


def test_a_command_that_was_carried_out_before_is_dropped() -> None:
    desk = Desk(fetched(5, "held"), meta=Meta(commands=17))

    assert desk.next(order(16, "skip"), order(17, "skip")) is None
    operation = desk.next(order(18, "skip"))

    assert operation is not None
    assert operation.records[-1] == PutMeta(Meta(commands=18))


def test_pause_and_resume_stand_in_the_partition_s_record() -> None:
    meta = Meta("topic", 5, 3)
    order = Command(8, "pause", reason="a fair", at="2025-06-01")
    paused = standing(order, meta)

    assert paused == Meta(
        "topic", 5, 8, paused=True, reason="a fair", since="2025-06-01"
    )
    assert standing(Command(9, "resume"), paused) == Meta("topic", 5, 9)
    assert standing(Command(9, "unknown"), paused) == Meta(
        "topic", 5, 9, paused=True, reason="a fair", since="2025-06-01"
    )


def test_a_command_that_nobody_knows_is_passed_over() -> None:
    assert Desk().next(Command(17, "unknown")) == Operation(
        (PutMeta(Meta(commands=17)),)
    )
