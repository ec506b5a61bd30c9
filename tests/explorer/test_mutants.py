"""Each rule of the core, put aside: the walk must find a broken promise.

The product has no switches; a test replaces one function of the real core.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from processors.delivery import (
    consequences,
    guard,
    lanes,
    operations,
)
from processors.delivery.commands import Command
from processors.delivery.consequences import Judge
from processors.delivery.durable import Durable
from processors.delivery.guard import Change
from processors.delivery.intake import Intake
from processors.delivery.lane import Entry, Lane, Waiting
from processors.delivery.lanes import Lanes
from processors.delivery.link import Link
from processors.delivery.operations import Changes
from processors.delivery.partition import Batch, Partition
from processors.delivery.records import Meta, Outcome, Park, Written
from processors.delivery.sequencer import Sequencer
from tests.explorer.faults import fault

Patch = pytest.MonkeyPatch


def test_taken_what_is_redelivered_is_not_looked_at_again(monkeypatch: Patch) -> None:
    def never(intake: Intake, event: Waiting, durable: Durable) -> bool:
        return False

    monkeypatch.setattr(Intake, "_is_taken", never)

    assert "S5" in fault("crash, versions 123")


def test_taken_is_written_when_an_event_is_parked(monkeypatch: Patch) -> None:
    def park(changes: Changes, event: Waiting, entry: Entry) -> None:
        changes._records.append(Park(event, entry))

    monkeypatch.setattr(Changes, "park", park)

    assert "parked" in fault("crash, versions 123")


def test_prefix_a_lane_is_parked_from_its_head(monkeypatch: Patch) -> None:
    def from_tail(changes: Changes, events: Sequence[Waiting], entry: Entry) -> None:
        changes.park(events[-1], entry)

    for module in (operations, consequences, lanes):
        monkeypatch.setattr(module, "park_from_head", from_tail)

    assert "S1" in fault("crash, versions 123")


def test_prefix_a_superseded_event_goes_with_what_is_before_it(
    monkeypatch: Patch,
) -> None:
    rightly = Judge._park

    def alone(
        judge: Judge,
        entry: Entry,
        superseded: frozenset[int] = frozenset(),
        link: Link | None = None,
    ) -> Changes:
        first = judge.attempt.events[0].offset
        if first in superseded or not superseded:
            return rightly(judge, entry, superseded, link)
        changes = judge._changes()
        for event in judge.attempt.events:
            if event.offset in superseded:
                changes.supersede(event, 1)
        return changes

    monkeypatch.setattr(Judge, "_park", alone)

    assert "S1" in fault("reviews, newest second")


def test_ordered_ack_offsets_are_released_in_order(monkeypatch: Patch) -> None:
    def whatever_ended(sequencer: Sequencer) -> list[int]:
        released = sorted(sequencer._ended)
        for offset in released:
            sequencer._waiting.remove(offset)
        sequencer._ended.clear()
        return released

    monkeypatch.setattr(Sequencer, "release", whatever_ended)

    assert "S1" in fault("two users")


def test_durable_first_nothing_counts_before_its_transaction(
    monkeypatch: Patch,
) -> None:
    rightly = Partition.batch

    def at_once(partition: Partition) -> Batch:
        batch = rightly(partition)
        if partition.state == "active":
            for operation in batch.operations:
                partition.durable.apply(operation.records)
                for record in operation.records:
                    if isinstance(record, Outcome | Park):
                        partition.intake.sequencer.end(record.event.offset)
        return batch

    monkeypatch.setattr(Partition, "batch", at_once)

    assert "S1" in fault("crash, versions 123")


@pytest.mark.parametrize("believed", ["durable", "aborted"])
def test_unknown_commit_is_never_guessed(monkeypatch: Patch, believed: Written) -> None:
    rightly = Partition.written

    def guessed(
        partition: Partition, batch: Batch, result: Written, now: float
    ) -> None:
        result = believed if result == "unknown" else result
        rightly(partition, batch, result, now)

    monkeypatch.setattr(Partition, "written", guessed)

    assert fault("unknown commits")


def test_unknown_call_a_field_is_left_out_only_if_every_event_agrees(
    monkeypatch: Patch,
) -> None:
    def newest_agrees(link: Link, name: str, changes: Sequence[Change]) -> bool:
        carriers = [change for change in changes if name in change.fields]
        newest = max(carriers, key=lambda change: change.version)
        return link.fingerprints.get(name) == newest.fields[name]

    monkeypatch.setattr(guard, "_agreed", newest_agrees)

    assert "fingerprint" in fault("there and back")


def test_unknown_call_an_unconfirmed_event_takes_fingerprints_along(
    monkeypatch: Patch,
) -> None:
    def nothing_taken(link: Link, change: Change) -> Link:
        return link

    monkeypatch.setattr(guard, "unconfirmed", nothing_taken)
    monkeypatch.setattr(operations, "unconfirmed", nothing_taken)

    assert "fingerprint" in fault("dead letters")


def test_dead_letters_do_not_take_their_versions(monkeypatch: Patch) -> None:
    def applied(link: Link, change: Change) -> Link:
        taken = guard.confirmed(link, guard.plan(link, [change]))
        return taken.but(fingerprints=guard.unconfirmed(link, change).fingerprints)

    monkeypatch.setattr(operations, "given_up", applied)

    assert "S3" in fault("letter put back")


def test_dead_letters_of_a_replay_take_their_versions_back(monkeypatch: Patch) -> None:
    monkeypatch.setattr(operations, "given_up", guard.unconfirmed)

    assert "S3" in fault("rewind, letter put back")


def test_the_next_call_waits_until_the_former_is_durable(monkeypatch: Patch) -> None:
    rightly = Lanes._settling

    def not_waiting(found: Lanes, changes: Changes) -> None:
        rightly(found, changes)
        gone = {
            record.event
            for record in changes.operation().records
            if isinstance(record, Outcome)
        }
        found.durable(changes.lane, frozenset(gone), now=0.0)

    monkeypatch.setattr(Lanes, "_settling", not_waiting)

    assert fault("one by one, versions 213")


def test_durable_hold_a_held_event_stays_so_after_a_crash(monkeypatch: Patch) -> None:
    def in_memory(
        judge: Judge, changes: Changes, event: Waiting, *rest: object
    ) -> None:
        changes.notify(event, "rejected", "HTTP 422", 1)
        judge._lane.due_at = judge.now + 1e9

    def nothing(lane: Lane) -> None:
        pass

    monkeypatch.setattr(Judge, "_hold", in_memory)
    monkeypatch.setattr(Lane, "begin_anew", nothing)

    assert "held" in fault("held first")


def test_a_command_is_carried_out_on_the_event_that_it_names(
    monkeypatch: Patch,
) -> None:
    def head(command: Command, lane: Lane | None) -> Waiting | None:
        parked = [event for event in lane.events if event.entry] if lane else []
        return parked[0] if parked else None

    monkeypatch.setattr(Command, "meant", head)

    assert "names" in fault("command skip")


def test_a_command_is_carried_out_once(monkeypatch: Patch) -> None:
    def forgotten(command: Command, meta: Meta) -> Meta:
        return meta

    monkeypatch.setattr("processors.delivery.commands.standing", forgotten)

    assert fault("command skip")
