"""The example CRM as a client meets it: a real process, real HTTP, real SQLite."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.sandbox_crm import ROOT, SandboxCrm, running_crm


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxCrm]:
    with running_crm(tmp_path_factory.mktemp("crm")) as running:
        yield running


@pytest.fixture
def crm(shared: SandboxCrm) -> Iterator[SandboxCrm]:
    yield shared
    shared.put_faults()


def patched(crm: SandboxCrm, contact_id: str, **fields: Any) -> httpx.Response:
    return crm.call("PATCH", f"/contacts/{contact_id}", json=fields)


def test_a_contact_is_created_found_changed_and_deleted(crm: SandboxCrm) -> None:
    created = crm.call("POST", "/contacts", json={"email": "Ada@example.com"})
    contact_id = created.json()["id"]

    found = crm.contacts(email="aDA@example.com")
    changed = patched(crm, contact_id, name="Ada", auth0_user_id="auth0|ada")
    linked = crm.contacts(auth0_user_id="auth0|ada")
    deleted = crm.call("DELETE", f"/contacts/{contact_id}")

    assert created.status_code == 201
    assert created.headers["Location"] == f"/contacts/{contact_id}"
    assert found == [created.json()]
    assert found[0] == {
        "id": contact_id,
        "email": "Ada@example.com",
        "name": None,
        "phone": None,
        "auth0_user_id": None,
        "status": "active",
    }
    assert linked == [changed.json()]
    assert changed.json()["email"] == "Ada@example.com"
    assert deleted.status_code == 204
    assert crm.contact(contact_id) is None


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/contacts/c_none", b"", 404),
        ("PATCH", "/contacts/c_none", b'{"name": "x"}', 404),
        ("DELETE", "/contacts/c_none", b"", 404),
        ("POST", "/contacts", b"not json", 400),
        ("PATCH", "/contacts/c_none", b"[1]", 400),
        ("PATCH", "/contacts/c_none", b'{"id": "c_other"}', 400),
        ("GET", "/contacts?name=Ada", b"", 400),
        ("GET", "/history?after=x", b"", 400),
        ("PUT", "/faults", b'[{"kind": "flood"}]', 400),
        ("PUT", "/contacts", b"{}", 405),
    ],
)
def test_a_call_that_cannot_be_served_says_why(
    crm: SandboxCrm, method: str, path: str, body: bytes, status: int
) -> None:
    answer = crm.call(method, path, content=body)

    assert answer.status_code == status
    assert answer.text


def test_an_id_that_is_taken_is_refused(crm: SandboxCrm) -> None:
    crm.add(id="c_taken")

    assert crm.call("POST", "/contacts", json={"id": "c_taken"}).status_code == 409


@pytest.mark.parametrize("credential", [None, "Bearer wrong", "Basic crm", "Bearer é"])
@pytest.mark.parametrize("path", ["/contacts", "/history", "/faults", "/requests"])
def test_without_the_token_nothing_is_told(
    crm: SandboxCrm, path: str, credential: str | None
) -> None:
    headers = {} if credential is None else {b"Authorization": credential.encode()}

    answer = httpx.get(crm.base_url + path, headers=headers, trust_env=False)

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_an_effect_is_told_with_its_changes_and_idempotency_key(
    crm: SandboxCrm,
) -> None:
    contact_id = crm.add(name="Ada")["id"]

    crm.call(
        "PATCH",
        f"/contacts/{contact_id}",
        json={"name": "Ada M."},
        headers={"Idempotency-Key": "evt_1"},
    )

    created, changed = crm.effects_of(contact_id)
    assert changed["sequence"] > created["sequence"]
    assert changed["method"] == "PATCH"
    assert changed["changes"] == {"name": {"from": "Ada", "to": "Ada M."}}
    assert changed["headers"] == {"idempotency-key": "evt_1"}


def test_a_busy_crm_names_a_time_and_does_nothing(crm: SandboxCrm) -> None:
    contact_id = crm.add()["id"]
    crm.put_faults({"kind": "busy", "retry_after_seconds": 2, "requests": 1})

    first, second = patched(crm, contact_id, name="A"), patched(crm, contact_id)

    assert (first.status_code, first.headers["Retry-After"]) == (429, "2")
    assert second.json()["name"] is None
    assert crm.faults()[0]["struck"] == 1


def test_an_error_strikes_the_calls_it_is_meant_for(crm: SandboxCrm) -> None:
    contact_id = crm.add()["id"]
    crm.put_faults({"kind": "error", "status": 502, "method": "PATCH"})

    assert patched(crm, contact_id, name="A").status_code == 502
    assert crm.contact(contact_id) is not None
    assert len(crm.effects_of(contact_id)) == 1


@pytest.mark.parametrize(
    ("kind", "name", "effects"), [("drop_before", None, 1), ("drop_after", "A", 2)]
)
def test_a_dropped_connection_has_its_effect_or_not(
    crm: SandboxCrm, kind: str, name: str | None, effects: int
) -> None:
    contact_id = crm.add()["id"]
    crm.put_faults({"kind": kind, "requests": 1})

    with pytest.raises(httpx.TransportError):
        patched(crm, contact_id, name="A")

    contact = crm.contact(contact_id)
    assert contact is not None
    assert contact["name"] == name
    assert len(crm.effects_of(contact_id)) == effects
    dropped = [one for one in crm.requests() if one["fault"] == kind]
    assert dropped[-1]["status"] is None


def test_broken_json_is_broken_and_its_effect_is_kept(crm: SandboxCrm) -> None:
    contact_id = crm.add()["id"]
    crm.put_faults({"kind": "broken_json", "requests": 1})

    answer = patched(crm, contact_id, name="A")

    assert answer.status_code == 200
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        answer.json()
    contact = crm.contact(contact_id)
    assert contact is not None
    assert contact["name"] == "A"


def test_a_slow_answer_comes_byte_by_byte(crm: SandboxCrm) -> None:
    contact_id = crm.add()["id"]
    crm.put_faults({"kind": "slow", "seconds_per_byte": 0.005, "requests": 1})

    began = time.monotonic()
    answer = patched(crm, contact_id, name="A")

    assert answer.json()["name"] == "A"
    assert time.monotonic() - began >= 0.005 * len(answer.content)


def test_latency_delays_an_answer(crm: SandboxCrm) -> None:
    crm.put_faults({"kind": "latency", "latency_seconds": 0.2, "requests": 1})

    began = time.monotonic()
    crm.contacts(email="nobody@example.com")

    assert time.monotonic() - began >= 0.2
    assert crm.requests()[-1]["fault"] == "latency"


def test_deleting_the_faults_ends_them(crm: SandboxCrm) -> None:
    crm.put_faults({"kind": "error"})

    assert crm.call("DELETE", "/faults").status_code == 204

    assert crm.faults() == []
    assert crm.contacts(email="nobody@example.com") == []


def test_a_killed_crm_comes_back_with_all_it_answered_for(tmp_path: Path) -> None:
    with running_crm(tmp_path) as crm:
        contact_id = crm.add(name="Ada")["id"]
        patched(crm, contact_id, name="Ada M.")
        address = crm.base_url

        crm.kill()
        crm.start("--fault", "error,requests=1,status=500")

        assert crm.base_url == address
        assert patched(crm, contact_id, name="B").status_code == 500
        contact = crm.contact(contact_id)
        assert contact is not None
        assert contact["name"] == "Ada M."
        assert len(crm.effects_of(contact_id)) == 2


def test_a_stop_is_quick_and_clean_even_with_a_page_open(tmp_path: Path) -> None:
    with (
        running_crm(tmp_path) as crm,
        httpx.stream("GET", crm.base_url + "/live", trust_env=False) as stream,
    ):
        next(stream.iter_lines())
        began = time.monotonic()

        assert crm.stop() == 0
        assert time.monotonic() - began < 2.0


def test_a_taken_port_is_said_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ended = subprocess.run(
            [
                sys.executable,
                "-m",
                "sandbox.crm",
                "--port",
                str(taken.getsockname()[1]),
            ],
            capture_output=True,
            text=True,
            cwd=ROOT,
            check=False,
            timeout=20,
        )

    assert ended.returncode == 2
    assert ended.stderr.startswith("The CRM cannot start: ")
    assert len(ended.stderr.splitlines()) == 1


def test_the_page_shows_contacts_and_changes_and_escapes_them(crm: SandboxCrm) -> None:
    contact_id = crm.add(name="Ada <b>", email="ada.page@example.com")["id"]
    patched(crm, contact_id, phone="+15550100001")

    page = httpx.get(crm.base_url + "/", trust_env=False)

    assert page.headers["Content-Security-Policy"].startswith("default-src 'self'")
    assert "Ada &lt;b&gt;" in page.text
    assert "Ada <b>" not in page.text
    assert "ada.page@example.com" in page.text
    assert "<ins>+15550100001</ins>" in page.text


@pytest.mark.parametrize("file", ["page.css", "page.js", "icon.svg"])
def test_the_page_brings_all_that_it_needs(crm: SandboxCrm, file: str) -> None:
    answer = httpx.get(f"{crm.base_url}/static/{file}", trust_env=False)

    assert answer.status_code == 200
    assert "http://www.w3.org" in answer.text or "http" not in answer.text


def test_an_open_page_hears_of_an_effect_as_it_happens(crm: SandboxCrm) -> None:
    with httpx.stream("GET", crm.base_url + "/live", trust_env=False) as stream:
        lines = (line for line in stream.iter_lines() if line.startswith("data: "))
        before = int(next(lines).removeprefix("data: "))

        crm.add()

        assert int(next(lines).removeprefix("data: ")) == before + 1
