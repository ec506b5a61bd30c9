"""Each rule of a rewind, put aside: the walk must find a broken promise."""

from __future__ import annotations

from dataclasses import replace

import pytest

from processors.delivery import (
    loading,
    rewind,
)
from processors.delivery.durable import Durable
from processors.delivery.operations import Operation
from processors.delivery.partition import Partition, Want
from processors.delivery.records import PutLink
from tests.explorer.faults import fault

Patch = pytest.MonkeyPatch


def test_rewind_is_durable_before_the_offset_is_ours(monkeypatch: Patch) -> None:
    rightly = Partition.want

    def commit_first(partition: Partition) -> Want:
        wanted = rightly(partition)
        early = wanted == "write" and partition.to_commit is not None
        return "commit" if early else wanted

    monkeypatch.setattr(Partition, "want", commit_first)

    assert "asked" in fault("rewind")


def rewind_records(monkeypatch: Patch, change: object) -> None:
    """Let *change* take part in what a rewind writes of a user."""
    rightly = rewind.rewound

    def changed(*known: object) -> list[Operation]:
        found = rightly(*known)  # type: ignore[arg-type]
        return [change(operation, *known) for operation in found]  # type: ignore[operator]

    monkeypatch.setattr(loading, "rewound", changed)


def test_rewind_removes_the_parked_entries_that_the_log_brings_again(
    monkeypatch: Patch,
) -> None:
    def links_only(operation: Operation, *known: object) -> Operation:
        return Operation(operation.records[:1])

    rewind_records(monkeypatch, links_only)

    assert "parked" in fault("rewind")


def test_rewind_removes_the_fingerprints(monkeypatch: Patch) -> None:
    def with_fingerprints(
        operation: Operation, durable: Durable, *known: object
    ) -> Operation:
        link, *unparked = operation.records
        assert isinstance(link, PutLink)
        kept = durable.link(link.user).fingerprints
        again = replace(link, link=link.link.but(fingerprints=kept))
        return Operation((again, *unparked))

    rewind_records(monkeypatch, with_fingerprints)

    assert "fingerprint" in fault("rewind")


def test_rewind_marks_what_is_a_replay(monkeypatch: Patch) -> None:
    def unmarked(operation: Operation, *known: object) -> Operation:
        link, *unparked = operation.records
        assert isinstance(link, PutLink)
        again = replace(link, link=link.link.but(replay_until=-1))
        return Operation((again, *unparked))

    rewind_records(monkeypatch, unmarked)

    assert "S5" in fault("rewind")


def test_rewind_lets_what_was_taken_be_taken_again(monkeypatch: Patch) -> None:
    def nothing_rewound(*known: object) -> tuple[Operation, ...]:
        return ()

    monkeypatch.setattr(loading, "rewound", nothing_rewound)

    assert fault("rewind")
