"""Links as bytes: plain functions."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.delivery.link import Link, Open, UnreadableLink, decode, encode
from processors.delivery.version import Version

texts = st.text(max_size=5)
versions = st.builds(Version, texts, texts, texts, st.integers(0, 1))
NEWEST = Version("2025-06-01T12:00:00Z", "2025-06-01T11:00:00Z", "evt_1")


@st.composite
def links(draw: st.DrawFn) -> Link:
    """Draw a link; every fingerprint is of a field that has a version."""
    known = draw(st.dictionaries(texts, versions))
    fingerprints = {name: draw(texts) for name in known if draw(st.booleans())}
    offsets = st.integers(-1, 2**40)
    record_id = draw(st.none() | texts)
    ref, taken, until = draw(texts), draw(offsets), draw(offsets)
    marks = draw(st.dictionaries(texts, versions))
    item = draw(st.none() | st.builds(Open, texts, texts, st.floats(0, 2**40)))
    return Link(
        ref,
        taken,
        until,
        record_id,
        known,
        fingerprints,
        marks,
        item,
        confirmed=draw(offsets),
        create=draw(texts),
    )


@given(links())
def test_a_link_is_read_as_it_was_written(link: Link) -> None:
    assert decode(encode(link)) == link


def test_a_link_is_one_line_of_json_that_names_a_version_once() -> None:
    old = Version("2024-01-01T00:00:00Z", "", "evt_0", 0)
    link = Link(
        "topic-id",
        17,
        -1,
        "42",
        {"email": NEWEST, "phone": old, "name": NEWEST},
        {"email": "f1", "phone": "f2"},
    )

    assert json.loads(encode(link)) == {
        "format": 1,
        "taken": 17,
        "topic": "topic-id",
        "id": "42",
        "version": list(NEWEST),
        "fields": {"email": ["f1"], "phone": ["f2", list(old)], "name": [None]},
    }


def test_an_empty_link_is_two_numbers() -> None:
    assert encode(Link()) == b'{"format":1,"taken":-1}'
    assert encode(Link(replay_until=3)) == b'{"format":1,"taken":-1,"replay_until":3}'


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", "truncated"),
        (b"\xff", ""),
        (b'{"format":1,"taken":1,"id":"\xff"}', "utf-8"),
        (b"[]", "object"),
        (b'{"taken":1}', "format"),
        (b'{"format":1}', "taken"),
        (b'{"format":2,"taken":1}', "format 2 is of a later release"),
        (b'{"format":1,"taken":1,"fields":{"A":["f"]}}', "a field has no version"),
        (b'{"format":1,"taken":1,"fields":{"A":[]}}', "no fingerprint"),
        (b'{"format":1,"taken":1,"fields":{"A":[["","","",1]]}}', "no fingerprint"),
        (b'{"format":1,"taken":1,"fields":{"A":["f","g"]}}', "no fingerprint"),
        (
            b'{"format":1,"taken":1,"fields":{"A":["f",["","","",1],null]}}',
            "no fingerprint",
        ),
    ],
)
def test_what_is_no_link_is_refused_and_the_reason_said(raw: bytes, says: str) -> None:
    with pytest.raises(UnreadableLink) as refused:
        decode(raw)

    assert says in str(refused.value).lower()


def test_what_a_later_release_adds_within_the_format_is_skipped() -> None:
    assert decode(b'{"format":1,"taken":5,"mark":"x"}') == Link(taken=5)


def test_offsets_hold_for_one_incarnation_of_the_topic() -> None:
    link = Link("old-topic", 17, 9, "42", {"A": NEWEST}, {"A": "f"})

    assert link.of_topic("old-topic") is link
    assert link.of_topic("new-topic") == Link(
        "new-topic", -1, -1, "42", {"A": NEWEST}, {"A": "f"}
    )
