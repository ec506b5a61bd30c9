"""`keepstep check` and `keepstep try`, against the example CRM and against nobody.

Real: the command line, the destination files, the CRM; no Kafka is needed.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from processors.destination_file import shipped
from tests.support.operating import Console, Done
from tests.support.sandbox_crm import SandboxCrm, crm

__all__ = ["crm"]

SECRET = "crm-token-of-a-test"
CRM = (shipped() / "crm.toml").read_text()
PAYLOADS = sorted((Path(__file__).parents[1] / "payloads/auth0").glob("*user_*.json"))


@pytest.fixture
def console(tmp_path: Path, crm: SandboxCrm) -> Console:
    made = Console("127.0.0.1:1", "keepstep", tmp_path)
    made.env |= {
        "KEEPSTEP_CRM_URL": crm.base_url,
        "KEEPSTEP_CRM_TOKEN": SECRET,
        "KEEPSTEP_WORKER_DESTINATIONS_DIR": str(tmp_path),
    }
    (tmp_path / "crm.toml").write_text(CRM)
    return made


def lines_of(done: Done) -> dict[str, tuple[str, str]]:
    """Return value and origin by key."""
    pairs = [line.partition("#") for line in done.out.splitlines() if " = " in line]
    held = [(text.partition(" = "), origin) for text, _, origin in pairs]
    return {key: (value.strip(), origin.strip()) for (key, _, value), origin in held}


def event_file(directory: Path, event_type: str = "user.created", **more: Any) -> str:
    profile = {
        "user_id": "auth0|u1",
        "email": "ann@example.com",
        "email_verified": True,
        "name": "Ann",
        **more,
    }
    body = {
        "id": "evt_1",
        "type": event_type,
        "time": "2026-02-01T12:00:00Z",
        "data": {"object": profile},
    }
    path = directory / "event.json"
    path.write_text(json.dumps(body))
    return str(path)


def test_check_prints_each_key_with_its_origin_and_no_secret(
    console: Console, crm: SandboxCrm
) -> None:
    (console.directory / "ours.toml").write_text(
        'extends = "crm"\n[on]\nupdated_missing = "create"\n[fields]\n'
        'plan = "app_metadata.plan"\n[errors]\n"400:already exists" = "conflict"'
    )

    done = console.keepstep("check", "ours")

    found = lines_of(done)
    assert done.code == 0, done.err
    assert found["on.updated_missing"] == ('"create"', "ours.toml")
    assert found["on.deleted_missing"] == ('"skip"', "crm.toml")
    assert found["fields.plan"][1] == "ours.toml"
    assert found["answer_bytes_max"] == ("1048576", "default")
    assert found['errors."400:already exists"'] == ('"conflict"', "ours.toml")
    assert found["auth.token"] == ("set", "crm.toml, KEEPSTEP_CRM_TOKEN")
    assert found["base_url"][0] == f'"{crm.base_url}/"'
    assert SECRET not in done.out + done.err
    assert "ours: answered in" in done.out


def test_what_a_file_only_refers_to_is_not_printed(console: Console) -> None:
    console.env["PLAN"] = "a-secret-plan"
    text = CRM.replace('body = {status = "active"}', 'body = {plan = {env = "PLAN"}}')
    (console.directory / "crm.toml").write_text(text)

    done = console.keepstep("check", "crm")

    assert lines_of(done)["requests.restore.body.plan"] == ("set", "crm.toml, PLAN")
    assert "a-secret-plan" not in done.out


def test_check_only_reads(console: Console, crm: SandboxCrm) -> None:
    console.keepstep("check", "crm")

    assert [one["method"] for one in crm.requests()] == ["GET"]
    assert crm.effects() == []


def test_check_without_a_name_checks_all_and_the_worst_counts(
    console: Console, tmp_path: Path
) -> None:
    (tmp_path / "bad.toml").write_text('extends = "crm"\ncolour = "blue"')

    done = console.keepstep("check")

    assert done.code == 2
    assert "crm: answered in" in done.out
    assert "keepstep check: bad.toml: colour: is no key" in done.err


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_check_ends_with_3_where_nobody_answers(console: Console) -> None:
    console.env["KEEPSTEP_CRM_URL"] = f"http://127.0.0.1:{free_port()}"

    done = console.keepstep("check", "crm")

    assert done.code == 3
    assert "crm: cannot be reached (connection refused)" in done.err


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        ({"KEEPSTEP_CRM_TOKEN": "another-token"}, 2, "correct [auth]"),
        (
            {"KEEPSTEP_CRM_URL": "{url}/v9"},
            2,
            "HTTP 404 for a search: correct base_url",
        ),
        ({"KEEPSTEP_CRM_TOKEN": ""}, 2, "auth.token: KEEPSTEP_CRM_TOKEN is not set"),
    ],
)
def test_check_ends_with_2_where_something_must_be_corrected(
    console: Console, crm: SandboxCrm, change: dict[str, str], code: int, said: str
) -> None:
    console.env |= {k: v.replace("{url}", crm.base_url) for k, v in change.items()}

    done = console.keepstep("check", "crm")

    assert done.code == code
    assert said in done.err


@pytest.mark.parametrize(
    ("fault", "code", "said"),
    [
        ({"kind": "error"}, 3, "did not answer well (HTTP 503)"),
        ({"kind": "busy"}, 3, "HTTP 429"),
        ({"kind": "broken_json"}, 2, "correct base_url or requests.find"),
    ],
)
def test_check_says_what_a_fault_stands_for(
    console: Console, crm: SandboxCrm, fault: dict[str, Any], code: int, said: str
) -> None:
    crm.put_faults(fault)

    done = console.keepstep("check", "crm")

    assert (done.code, said in done.err) == (code, True), done.err


def test_check_warns_where_two_users_may_end_at_one_record(console: Console) -> None:
    text = CRM.replace('user_id_field = "auth0_user_id"\n', "")
    start, end = text.index("[requests.find_by"), text.index("[requests.fetch]")
    (console.directory / "crm.toml").write_text(text[:start] + text[end:])

    done = console.keepstep("check", "crm")

    assert done.code == 0
    assert "two users with one address end at one record" in done.err


def test_try_asks_for_reads_and_only_prints_writes(
    console: Console, crm: SandboxCrm, tmp_path: Path
) -> None:
    contact = crm.add(email="ann@example.com")
    before = len(crm.effects())

    done = console.keepstep("try", "crm", event_file(tmp_path))

    assert done.code == 0, done.err
    assert f"GET {crm.base_url}/contacts?email=ann%40example.com" in done.out
    assert f"  -> {contact['id']}" in done.out
    assert f"PATCH {crm.base_url}/contacts/{contact['id']}" in done.out
    assert '  "name": "Ann",' in done.out
    assert "outcome: applied (updated)" in done.out
    assert len(crm.effects()) == before


def test_try_offline_asks_nobody(console: Console, tmp_path: Path) -> None:
    console.env["KEEPSTEP_CRM_URL"] = "https://crm.example.invalid"

    done = console.keepstep("try", "crm", event_file(tmp_path), "--offline")

    assert done.code == 0, done.err
    assert "POST https://crm.example.invalid/contacts" in done.out
    assert "outcome: applied (created): " in done.out


def test_try_takes_the_record_that_a_user_is_linked_to(
    console: Console, tmp_path: Path
) -> None:
    event = event_file(tmp_path, "user.deleted")

    done = console.keepstep("try", "crm", event, "--offline", "--record", "c_1")

    assert "contacts/c_1\n" in done.out
    assert '"status": "deactivated"' in done.out
    assert "outcome: applied (deactivated)" in done.out


def test_try_says_what_follows_for_the_record_that_would_be_made(
    console: Console, tmp_path: Path
) -> None:
    stops = CRM.replace("[on]\n", '[on]\nblocked = "deactivate"\n')
    ids = stops.replace('"^[A-Za-z0-9_-]{1,64}$"', '"^c_[0-9]+$"')
    assert ids != stops != CRM
    (tmp_path / "crm.toml").write_text(ids)

    done = console.keepstep("try", "crm", event_file(tmp_path, blocked=True))

    assert "contacts/the-new-record\n" in done.out
    assert '"status": "deactivated"' in done.out
    assert "outcome: applied (created)" in done.out


def test_try_says_what_would_wait_for_a_person(
    console: Console, tmp_path: Path
) -> None:
    done = console.keepstep("try", "crm", event_file(tmp_path, "user.updated"))

    assert done.code == 0
    assert "  -> nobody" in done.out
    assert "waits for a person: unmatched" in done.out


def test_try_says_what_would_be_a_dead_letter(console: Console, tmp_path: Path) -> None:
    event = event_file(tmp_path, app_metadata={"crm_contact_id": "../admin"})

    done = console.keepstep("try", "crm", event)

    assert "dead letter: bad_external_id" in done.out


def test_try_ends_with_3_where_the_destination_does_not_answer(
    console: Console, tmp_path: Path
) -> None:
    console.env["KEEPSTEP_CRM_URL"] = f"http://127.0.0.1:{free_port()}"

    done = console.keepstep("try", "crm", event_file(tmp_path))

    assert done.code == 3
    assert "would wait for the destination: unreachable" in done.out


@pytest.mark.parametrize("payload", PAYLOADS, ids=lambda path: path.stem)
def test_try_takes_every_published_payload(console: Console, payload: Path) -> None:
    done = console.keepstep("try", "crm", str(payload), "--offline")

    assert done.code == 0, done.err
    assert done.out.splitlines()[-1].startswith(("outcome: ", "waits for a person: "))


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "cannot be read"), ("{", "is no event"), ("[]", "is no event")],
)
def test_try_refuses_what_is_no_event(
    console: Console, tmp_path: Path, content: str | None, said: str
) -> None:
    path = tmp_path / "event.json"
    if content is not None:
        path.write_text(content)

    done = console.keepstep("try", "crm", str(path))

    assert done.code == 2
    assert said in done.err
    assert len(done.err.splitlines()) == 1


def test_the_real_program_checks_too(console: Console) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "console", "check", "crm"],
        cwd=console.directory,
        env=console.env,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "auth.token = set" in done.stdout
