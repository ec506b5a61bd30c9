"""A rewind: plain functions."""

from __future__ import annotations

from processors.delivery.durable import Durable
from processors.delivery.link import Link, encode
from processors.delivery.operations import Operation
from processors.delivery.records import Meta, PutLink, Unpark
from processors.delivery.rewind import rewound
from tests.support.core import ANN, BOB, REF, parked, version

VERSIONS = {"A": version(3)}


def durable(**links: Link) -> Durable:
    raw = {user.encode(): encode(link) for user, link in links.items()}
    return Durable(REF, raw, Meta())


def test_what_was_taken_from_the_offset_on_is_run_again_without_fingerprints() -> None:
    known = durable(ann=Link(REF, 9, -1, "42", VERSIONS, {"A": "x"}))

    assert list(rewound(known, [], 4, REF)) == [
        Operation((PutLink(ANN, Link(REF, 3, 9, "42", VERSIONS)),))
    ]


def test_a_user_of_whom_nothing_was_taken_since_is_left_alone() -> None:
    known = durable(ann=Link(REF, 3), bob=Link(REF, 4))

    assert list(rewound(known, [], 4, REF)) == [
        Operation((PutLink(BOB, Link(REF, 3, 4)),))
    ]


def test_done_twice_it_changes_nothing_more() -> None:
    known = durable(ann=Link(REF, 9, 20))
    (operation,) = rewound(known, [], 4, REF)
    assert operation.records == (PutLink(ANN, Link(REF, 3, 20)),)

    known.apply(operation.records)

    assert list(rewound(known, [], 4, REF)) == []


def test_parked_entries_leave_that_the_log_brings_again_and_only_those() -> None:
    old = parked(7)
    old.topic_ref = "old-topi"
    entries = [parked(3), parked(4), parked(8, BOB), parked(9), old]
    known = durable(ann=Link(REF, 9), bob=Link(REF, 8))

    ann, bob = rewound(known, entries, 4, REF)

    assert ann.records[1:] == (Unpark(entries[1]), Unpark(entries[3]))
    assert bob.records[1:] == (Unpark(entries[2]),)
    assert ann.lanes == ()
