"""What is durable, as its owner knows it: a plain object."""

from __future__ import annotations

from processors.delivery.durable import Durable
from processors.delivery.lane import Entry
from processors.delivery.link import Link, encode
from processors.delivery.records import Meta, Park, PutLink, PutMeta, PutOwner, Unpark
from tests.support.core import ANN, BOB, REF, an_event


def test_a_user_never_seen_has_an_empty_link_of_this_topic() -> None:
    assert Durable(REF, {}, Meta()).link(ANN) == Link(REF)


def test_offsets_of_another_topic_are_forgotten_when_a_link_is_read() -> None:
    raw = encode(Link("old-topi", taken=9, record_id="42"))

    assert Durable(REF, {ANN: raw}, Meta()).link(ANN) == Link(REF, record_id="42")


def test_records_are_believed_once_they_are_durable() -> None:
    durable, event = Durable(REF, {}, Meta()), an_event(3)
    entry = Entry("review", 1)

    durable.apply(
        [
            PutLink(ANN, Link(REF, taken=3)),
            Park(event, entry),
            PutMeta(Meta("topic", 5)),
            PutOwner(),
            Unpark(event),
        ]
    )

    assert durable.link(ANN) == Link(REF, taken=3)
    assert durable.link(BOB) == Link(REF)
    assert durable.raw_links == {ANN: encode(Link(REF, taken=3))}
    assert durable.meta == Meta("topic", 5)
    assert (event.entry, event.body, event.change) == (entry, None, None)
