"""Reading key and headers out of bodies: the real codec, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.codec import (
    HEADER_CHARACTERS_MAX,
    IDENTITIES_MAX,
    KEY_CHARACTERS_MAX,
    UnreadableEvent,
    decode,
    peek,
)

NESTED = b"[" * 100_000 + b"]" * 100_000


def an_event(kind: str = "user.created", **profile: Any) -> bytes:
    return json.dumps({"type": kind, "data": {"object": profile}}).encode()


def reason_of(body: bytes) -> str:
    with pytest.raises(UnreadableEvent) as caught:
        peek(body)
    return caught.value.reason


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not_json"),
        (b"not json", "not_json"),
        (b"\xff\xfe{}", "not_json"),
        (b'\xef\xbb\xbf{"type":"user.created"}', "not_json"),
        (b'{"type":"user.created","x":NaN}', "not_json"),
        (b'{"type":"user.created","x":1e999}', "not_json"),
        (b'{"type":"user.created","x":' + b"9" * 5000 + b"}", "not_json"),
        (b'{"type":"user.created","x":"\\ud800"}', "not_json"),
        (b'{"type":"user.created","x":"\\udc00\\ud800"}', "not_json"),
        (b'{"type":"user.created","x":"\xed\xa0\x80"}', "not_json"),
        (b'{"type":"user.created","x":' + NESTED + b"}", "not_json"),
        (b'{"type":"user.created"}{}', "not_json"),
        (b"\x1f\x8b\x08\x00gzip", "not_json"),
        (b"[]", "not_an_object"),
        (b'[{"type":"user.created"}]', "not_an_object"),
        (b'"text"', "not_an_object"),
        (b"null", "not_an_object"),
        (b"{}", "no_type"),
        (b'{"type":7}', "no_type"),
        (b'{"type":""}', "no_type"),
        (b'{"type":"%s"}' % (b"t" * (HEADER_CHARACTERS_MAX + 1)), "no_type"),
        (b'{"type":"user.created"}', "no_key"),
        (b'{"type":"user.created","data":[]}', "no_key"),
        (b'{"type":"user.created","data":{"object":"auth0|1"}}', "no_key"),
        (an_event(user_id=17), "no_key"),
        (an_event(user_id=""), "no_key"),
        (an_event(id="an id is no user id"), "no_key"),
        (an_event("group.created", id=17), "no_key"),
        (an_event(user_id="u" * (KEY_CHARACTERS_MAX + 1)), "key_too_long"),
    ],
)
def test_what_is_no_readable_event_says_why(body: bytes, reason: str) -> None:
    assert reason_of(body) == reason


@pytest.mark.parametrize(
    ("kind", "profile", "key"),
    [
        ("user.created", {"user_id": "auth0|1", "id": "x"}, "auth0|1"),
        ("user.updated", {"user_id": "samlp|köln|ann@x.de"}, "samlp|köln|ann@x.de"),
        ("organization.created", {"id": "org_1"}, "org_1"),
        (
            "organization.member.added",
            {"organization": {"id": "org_1"}, "user": {"user_id": "auth0|1"}},
            "auth0|1",
        ),
        ("organization.connection.added", {"organization": {"id": "org_1"}}, "org_1"),
        ("group.role.assigned", {"group": {"id": "grp_1"}}, "grp_1"),
        ("never.seen.before", {"user_id": "auth0|1"}, "auth0|1"),
    ],
)
def test_the_key_is_the_user_else_the_thing_the_event_is_about(
    kind: str, profile: dict[str, Any], key: str
) -> None:
    assert peek(an_event(kind, **profile)).key == key


def test_headers_that_are_no_text_or_too_long_are_left_out() -> None:
    body = json.dumps(
        {
            "type": "user.created",
            "id": 17,
            "time": None,
            "source": "s" * (HEADER_CHARACTERS_MAX + 1),
            "traceparent": ["00"],
            "data": {"object": {"user_id": "auth0|1"}},
        }
    ).encode()

    event = peek(body)

    assert (event.id, event.time, event.source, event.traceparent) == (None,) * 4


@pytest.mark.parametrize("kind", ["user.updated", "user.deleted"])
def test_other_logins_of_a_merged_user_are_named_once_each(kind: str) -> None:
    identities = [
        {"provider": "auth0", "user_id": "1", "connection": "db"},
        {"provider": "google-oauth2", "user_id": 117},
        {"provider": "google-oauth2", "user_id": "117"},
        {"provider": "samlp", "user_id": "conn|ann"},
    ]

    event = peek(an_event(kind, user_id="auth0|1", identities=identities))

    assert event.other_identities() == ("google-oauth2|117", "samlp|conn|ann")


def test_a_creation_names_no_other_logins() -> None:
    identities = [{"provider": "google-oauth2", "user_id": 117}]

    event = peek(an_event("user.created", user_id="auth0|1", identities=identities))

    assert event.other_identities() == ()


@pytest.mark.parametrize(
    "identity",
    [
        None,
        "auth0|2",
        {},
        {"provider": "auth0"},
        {"user_id": "2"},
        {"provider": "", "user_id": "2"},
        {"provider": "auth0", "user_id": ""},
        {"provider": "auth0", "user_id": True},
        {"provider": "auth0", "user_id": 1.5},
        {"provider": 5, "user_id": "2"},
        {"provider": "auth0", "user_id": "2" * KEY_CHARACTERS_MAX},
    ],
)
def test_an_identity_that_names_no_login_is_passed_over(identity: Any) -> None:
    body = an_event("user.updated", user_id="auth0|1", identities=[identity])

    assert peek(body).other_identities() == ()


@pytest.mark.parametrize("identities", [None, {}, "x", 7])
def test_identities_that_are_no_list_are_none(identities: Any) -> None:
    body = an_event("user.updated", user_id="auth0|1", identities=identities)

    assert peek(body).other_identities() == ()


def test_more_logins_than_a_user_can_have_are_set_aside() -> None:
    logins = [
        {"provider": "sms", "user_id": number} for number in range(IDENTITIES_MAX + 1)
    ]

    most = an_event("user.updated", user_id="auth0|1", identities=logins[1:])
    more = an_event("user.updated", user_id="auth0|1", identities=logins)

    assert len(peek(most).other_identities()) == IDENTITIES_MAX
    with pytest.raises(UnreadableEvent, match="too_many_identities"):
        peek(more).other_identities()


def test_deep_but_bearable_nesting_is_read() -> None:
    body = an_event(user_id="auth0|1", app_metadata=json.loads("[" * 300 + "]" * 300))

    assert peek(body).key == "auth0|1"


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists))
@settings(max_examples=200, deadline=None)
def test_whatever_gets_a_key_can_be_decoded_by_its_readers(value: Any) -> None:
    body = json.dumps(
        {"type": "user.created", "data": {"object": {"user_id": "u", "x": value}}}
    ).encode()

    try:
        key = peek(body).key
    except UnreadableEvent as error:
        assert error.reason == "not_json"  # numbers beyond 64 bits  # noqa: PT017 -- both ways are right
    else:
        assert key == "u"
        assert decode(body)["data"]["object"]["x"] == value
