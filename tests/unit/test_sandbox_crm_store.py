"""The contacts and history of the example CRM: a real SQLite file, no HTTP."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.crm.contact import BadContact, new_contact, read_fields
from sandbox.crm.history import Call, told_headers
from sandbox.crm.store import ContactStore, IdTaken


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ContactStore]:
    with ContactStore(tmp_path / "crm.sqlite3") as store:
        yield store


def a_call(method: str = "PATCH", **sent: Any) -> Call:
    return Call(time="2026-01-02T03:04:05Z", method=method, sent=sent, headers={})


def a_contact(store: ContactStore, contact_id: str, **fields: Any) -> None:
    contact = new_contact({"id": contact_id, **fields})
    store.create(contact, a_call("POST", **fields))


def test_a_patch_changes_only_what_is_sent(store: ContactStore) -> None:
    a_contact(store, "c_1", email="ada@example.com", name="Ada", tier={"level": 2})

    after = store.patch("c_1", {"name": "Ada M.", "phone": None}, a_call())

    assert after is not None
    assert after["email"] == "ada@example.com"
    assert after["name"] == "Ada M."
    assert after["tier"] == {"level": 2}
    assert store.read("c_1") == after


def test_an_email_is_found_whatever_its_case_but_only_whole(
    store: ContactStore,
) -> None:
    a_contact(store, "c_1", email="Jürgen.STRASSE@example.com")
    a_contact(store, "c_2", email=None)

    def found(email: str) -> list[str]:
        return [one["id"] for one in store.find({"email": email}, limit=9)]

    assert found("jürgen.strasse@EXAMPLE.com") == ["c_1"]
    assert found("JÜRGEN.straße@example.com") == ["c_1"]
    assert found("strasse@example.com") == []
    assert found("%") == []
    assert found("") == []


def test_several_contacts_may_have_one_email(store: ContactStore) -> None:
    a_contact(store, "c_1", email="team@example.com", auth0_user_id="auth0|1")
    a_contact(store, "c_2", email="team@example.com", auth0_user_id="auth0|2")

    both = store.find({"email": "team@example.com"}, limit=9)
    one = store.find({"email": "team@example.com", "auth0_user_id": "auth0|1"}, limit=9)

    assert {contact["id"] for contact in both} == {"c_1", "c_2"}
    assert [contact["id"] for contact in one] == ["c_1"]


def test_a_changed_email_is_found_under_the_new_one_only(store: ContactStore) -> None:
    a_contact(store, "c_1", email="old@example.com")

    store.patch("c_1", {"email": "new@example.com"}, a_call())

    assert store.find({"email": "old@example.com"}, limit=9) == []
    assert len(store.find({"email": "new@example.com"}, limit=9)) == 1


def test_every_effect_is_told_once_and_in_order(store: ContactStore) -> None:
    a_contact(store, "c_1", name="Ada")
    store.patch("c_1", {"name": "Ada M."}, a_call(name="Ada M."))
    store.patch("c_1", {"name": "Ada M."}, a_call(name="Ada M."))
    store.delete("c_1", a_call("DELETE"))

    told = store.history(limit=9)

    assert [(one.sequence, one.method) for one in told] == [
        (1, "POST"),
        (2, "PATCH"),
        (3, "PATCH"),
        (4, "DELETE"),
    ]
    assert told[1].changes == {"name": {"from": "Ada", "to": "Ada M."}}
    assert told[1].sent == {"name": "Ada M."}
    assert told[2].changes == {}
    assert told[3].changes["name"] == {"from": "Ada M.", "to": None}
    assert store.history(after=2, limit=1) == [told[2]]


def test_what_has_no_effect_is_not_told(store: ContactStore) -> None:
    a_contact(store, "c_1")

    assert store.patch("c_9", {"name": "x"}, a_call()) is None
    assert store.delete("c_9", a_call("DELETE")) is False
    with pytest.raises(IdTaken):
        a_contact(store, "c_1")

    assert len(store.history(limit=9)) == 1


def test_contacts_and_history_outlive_the_process(tmp_path: Path) -> None:
    database = tmp_path / "crm.sqlite3"
    with ContactStore(database) as store:
        a_contact(store, "c_1", email="ada@example.com")
    with ContactStore(database) as store:
        store.delete("c_1", a_call("DELETE"))
    with ContactStore(database) as store:
        a_contact(store, "c_2")

        assert store.counts() == (1, 3)


def test_a_thousand_patches_take_less_than_a_second(store: ContactStore) -> None:
    a_contact(store, "c_1", email="ada@example.com")

    began = time.process_time()
    for number in range(1000):
        store.patch("c_1", {"name": f"Ada {number}"}, a_call(name=f"Ada {number}"))

    assert time.process_time() - began < 1.0


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[]", "not a JSON object"),
        (b'{"email": 7}', "email must be text or null"),
        (b'{"status": "gone"}', "status must be one of"),
        (b'{"status": []}', "status must be one of"),
        (b'{"id": "a/b"}', "id must match"),
    ],
)
def test_a_bad_body_is_refused_with_its_reason(body: bytes, reason: str) -> None:
    with pytest.raises(BadContact, match=reason):
        read_fields(body)


def test_a_credential_is_never_told() -> None:
    told = told_headers(
        {"Authorization": "Bearer s", "Idempotency-Key": "k1", "X-Trace": "t"}
    )

    assert told == {"idempotency-key": "k1", "x-trace": "t"}
