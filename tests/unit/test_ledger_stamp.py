"""Records of one transaction say that they belong together, and how many they are."""

from __future__ import annotations

import pytest

from events import headers as h
from events.publisher import Message
from processors.ledger.place import Place
from processors.ledger.stamp import Stamp, stamp_of, stamped

PLACES = (Place("links", 3), Place("outcomes", 3))
LINK = Message("links", b"ann", b"link", [("kept", b"1")], 3)
OUTCOME = Message("outcomes", b"ref", b"outcome", [], 3)
ELSEWHERE = Message("events", b"ann", b"event", [], 7)


def test_all_records_of_the_ledger_have_one_stamp_with_their_number() -> None:
    link, elsewhere, outcome = stamped([LINK, ELSEWHERE, OUTCOME], PLACES)

    stamp = stamp_of(link.headers)
    assert stamp is not None
    assert stamp.records == 2
    assert stamp_of(outcome.headers) == stamp
    assert elsewhere == ELSEWHERE
    assert link.headers[:1] == LINK.headers


def test_no_two_transactions_have_the_same_stamp() -> None:
    first, second = (stamped([LINK], PLACES)[0] for _ in range(2))

    assert stamp_of(first.headers) != stamp_of(second.headers)


@pytest.mark.parametrize(
    ("value", "stamp"),
    [
        ("ab12/3", Stamp("ab12", 3)),
        ("ab12", None),
        ("ab12/", None),
        ("ab12/x", None),
        ("", None),
    ],
)
def test_what_is_no_stamp_is_none(value: str, stamp: Stamp | None) -> None:
    assert stamp_of(h.encode({h.BATCH: value})) == stamp
    assert stamp_of(None) is None
