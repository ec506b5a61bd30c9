"""Orders about a user's link: plain objects, records compared whole."""

from __future__ import annotations

import pytest

from processors.delivery.commands import (
    LINKS_MAX,
    Command,
    CommandName,
    Commands,
    linked,
)
from processors.delivery.durable import Durable
from processors.delivery.lanes import Lanes
from processors.delivery.link import Link, Open, encode
from processors.delivery.operations import Operation
from processors.delivery.records import Meta, PutLink, PutMeta
from tests.support.core import ANN, BOB, REF, TOPIC, Owner, an_event, rules, version

VERSIONS = {"email": version(1), "name": version(1)}
LINK = Link(
    REF,
    taken=9,
    record_id="old",
    versions=VERSIONS,
    fingerprints={"email": "e", "name": "n"},
)


def order(name: CommandName, record_id: str = "", field: str = "") -> Command:
    return Command(17, name, ANN, record_id=record_id, field=field)


def carried_out(command: Command, known: dict[bytes, bytes]) -> Operation:
    durable = Durable(REF, known, Meta())
    lanes = Lanes(rules(), durable.link, list[Operation]().append)
    commands = Commands()
    commands.add(command)
    operation = commands.next(lanes, durable, 100.0)
    assert operation is not None
    assert [lane.user for lane in operation.lanes] == [ANN]
    return operation


@pytest.mark.parametrize(
    ("command", "record_id", "fingerprints"),
    [
        (order("link", record_id="new"), "new", {}),
        (order("unlink"), None, {}),
        (order("resync"), "old", {}),
        (order("resync", field="email"), "old", {"name": "n"}),
    ],
)
def test_an_order_changes_what_was_sent_and_never_what_is_newest(
    command: Command, record_id: str | None, fingerprints: dict[str, str]
) -> None:
    link = linked(command, LINK)

    assert (link.record_id, link.fingerprints) == (record_id, fingerprints)
    assert (link.versions, link.taken) == (VERSIONS, 9)


def test_a_user_who_was_never_seen_can_be_linked() -> None:
    operation = carried_out(order("link", record_id="42"), {})

    link = Link(REF, record_id="42")
    assert operation.records == (PutLink(ANN, link), PutMeta(Meta(commands=17)))


def test_an_order_is_written_with_its_offset_and_so_carried_out_once() -> None:
    operation = carried_out(order("unlink"), {ANN: encode(LINK)})

    assert PutMeta(Meta(commands=17)) in operation.records


def test_it_waits_while_an_attempt_of_the_user_is_made() -> None:
    durable = Durable(REF, {ANN: encode(LINK)}, Meta())
    lanes = Lanes(rules(), durable.link, list[Operation]().append)
    lanes.add(an_event(10), 100.0)
    assert lanes.start(1) is not None
    commands = Commands()
    commands.add(order("link", record_id="new"))

    assert commands.next(lanes, durable, 100.0) is None


def test_an_event_that_comes_while_a_link_is_written_is_tried_with_that_link() -> None:
    owner = Owner().serve()
    owner.core.command(Command(0, "link", ANN, record_id="42"), owner.now)
    batch = owner.core.batch()
    owner.arrive(an_event(1))

    assert owner.core.start() is None
    owner.core.written(batch, "durable", owner.now)

    assert owner.start().link == Link(REF, record_id="42")


def test_nothing_is_left_of_the_lane_of_a_user_of_whom_nothing_came() -> None:
    owner = Owner().serve()
    owner.core.command(Command(0, "link", ANN, record_id="42"), owner.now)
    assert len(owner.core.lanes) == 1

    owner.write()

    assert len(owner.core.lanes) == 0
    assert owner.core.durable.link(ANN).record_id == "42"


def test_an_order_whose_transaction_left_no_trace_is_written_again() -> None:
    owner = Owner().serve()
    owner.core.command(Command(0, "link", ANN, record_id="42"), owner.now)
    owner.write("aborted")
    assert owner.core.durable.link(ANN) == Link(REF)

    owner.write()

    assert owner.core.durable.link(ANN).record_id == "42"


def test_the_orders_of_many_users_are_one_operation_in_their_order() -> None:
    owner = Owner().serve()
    first = Command(0, "unknown")
    links = [Command(n, "link", b"u%d" % n, record_id=f"{n}") for n in (1, 2)]
    again = Command(3, "unlink", b"u1")
    more = Command(4, "pause"), Command(5, "resync", b"u2")
    for command in (first, *links, again, *more):
        owner.core.command(command, owner.now)

    records = owner.write()

    assert [
        record.user if isinstance(record, PutLink) else record.meta.commands
        for record in records
        if isinstance(record, PutLink | PutMeta)
    ] == [0, b"u1", b"u2", 2, b"u1", 3, 4, b"u2", 5]
    assert owner.core.durable.link(b"u1").record_id is None
    assert owner.core.durable.meta == Meta(TOPIC, commands=5, paused=True)


def test_an_operation_takes_the_orders_of_a_bounded_number_of_users() -> None:
    durable = Durable(REF, {}, Meta())
    lanes = Lanes(rules(), durable.link, list[Operation]().append)
    commands = Commands()
    for number in range(LINKS_MAX + 1):
        commands.add(Command(number, "link", b"u%d" % number, record_id="42"))

    operation = commands.next(lanes, durable, 100.0)

    assert operation is not None
    assert len(operation.records) == LINKS_MAX + 1
    assert operation.records[-1] == PutMeta(Meta(commands=LINKS_MAX - 1))


def test_a_person_s_word_ends_what_waited_for_it() -> None:
    waiting = LINK.but(open=Open("ambiguous", "keys", 7.0))

    assert linked(order("link", record_id="new"), waiting).open is None
    assert linked(order("unlink"), waiting).open is None
    assert linked(order("resync"), waiting).open == waiting.open


def test_an_order_about_a_user_at_work_waits_and_so_do_those_behind_it() -> None:
    owner = Owner().serve()
    owner.arrive(an_event(1))
    attempt = owner.start()
    for number, user in enumerate((BOB, ANN, b"carol")):
        command = Command(number, "link", user, record_id=f"{number}")
        owner.core.command(command, owner.now)

    assert owner.write() == [
        PutLink(BOB, Link(REF, record_id="0")),
        PutMeta(Meta(TOPIC, commands=0)),
    ]
    owner.end(attempt)
    owner.write()

    assert owner.core.durable.link(ANN).record_id == "1"
    assert owner.core.durable.link(b"carol").record_id == "2"
    assert owner.core.durable.meta.commands == 2
