"""Orders about a user's link: plain objects, records compared whole."""

from __future__ import annotations

import pytest

from processors.delivery.commands import Command, CommandName, Commands, linked
from processors.delivery.durable import Durable
from processors.delivery.lanes import Lanes
from processors.delivery.link import Link, encode
from processors.delivery.operations import Operation
from processors.delivery.records import Meta, PutLink, PutMeta
from tests.support.core import ANN, REF, an_event, rules, version

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


def carried_out(command: Command, known: dict[bytes, bytes]) -> Operation | None:
    operations: list[Operation] = []
    durable = Durable(REF, known, Meta())
    lanes = Lanes(rules(), durable.link, operations.append)
    commands = Commands()
    commands.add(command)
    return commands.next(lanes, durable, 100.0)


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
    assert operation == Operation((PutLink(ANN, link), PutMeta(Meta(commands=17))))


def test_an_order_is_written_with_its_offset_and_so_carried_out_once() -> None:
    operation = carried_out(order("unlink"), {ANN: encode(LINK)})

    assert operation is not None
    assert PutMeta(Meta(commands=17)) in operation.records


def test_it_waits_while_an_attempt_of_the_user_is_made() -> None:
    durable = Durable(REF, {ANN: encode(LINK)}, Meta())
    lanes = Lanes(rules(), durable.link, list[Operation]().append)
    lanes.add(an_event(10), 100.0)
    assert lanes.start(1) is not None
    commands = Commands()
    commands.add(order("link", record_id="new"))

    assert commands.next(lanes, durable, 100.0) is None
