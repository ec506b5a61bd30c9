"""Destination files, good and bad: what is read, and the one line that is said."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from events.exits import BadConfiguration
from processors.destination import Destination, load, names
from processors.destination_file import Origin, read, shipped
from processors.rest.auth import Bearer
from processors.rest.secret import Secret

TOKEN = "7f2c9d51b0e84a6d93c1"
ENVIRON = {
    "KEEPSTEP_CRM_URL": "http://127.0.0.1:1",
    "KEEPSTEP_CRM_TOKEN": TOKEN,
    "CLIENT_SECRET": TOKEN,
    "TWO_LINES": f"{TOKEN}\nx-admin: 1",
}
CRM = (shipped() / "crm.toml").read_text()


class Bad(NamedTuple):
    """What is changed in `crm.toml`, and the words that the line must have."""

    old: str
    new: str
    says: tuple[str, ...]


def added(table: str, *says: str) -> Bad:
    return Bad("[auth]", f"{table}\n[auth]", says)


def in_table(table: str, line: str, *says: str) -> Bad:
    return Bad(f"[{table}]", f"[{table}]\n{line}", says)


TOKEN_LINE = 'type = "bearer"\ntoken = {env = "KEEPSTEP_CRM_TOKEN"}'
BASE = 'base_url = {env = "KEEPSTEP_CRM_URL"}'
OWNER = 'user_id_field = "auth0_user_id"'
BY_USER_ID = CRM[CRM.index("[requests.find_by") : CRM.index("[requests.fetch]")]
DEACTIVATE = CRM[CRM.index("[requests.deact") : CRM.index("[requests.restore]")]
DELETED, BLOCKED = 'deleted = "deactivate"', 'blocked = "deactivate"'
REST_OF_IT = CRM[CRM.index('deleted = "deactivate"') :]
QUERY = 'query = {email = "{email}"}'
CASES = {
    "no TOML": Bad("[auth]", "[auth", ("is no TOML", "line")),
    "two of one key": Bad("[auth]", "[auth]\n[auth]", ("is no TOML",)),
    "unknown key": added("time_out_seconds = 1", "time_out_seconds", "did you mean"),
    "unknown table": Bad("[lookup]", "[lookups]", ("lookups", "mean lookup?")),
    "unknown inner key": in_table("on", 'update_missing = "skip"', "on.update_missing"),
    "base_url missing": Bad(BASE, "", ("base_url", "add it")),
    "base_url without a scheme": Bad(BASE, 'base_url = "crm.test"', ("base_url",)),
    "base_url of another scheme": Bad(
        BASE, 'base_url = "ftp://crm.test"', ("base_url",)
    ),
    "base_url with a password": Bad(
        BASE, f'base_url = "https://me:{TOKEN}@crm.test"', ("base_url", "[auth]")
    ),
    "base_url with a query": Bad(
        BASE, 'base_url = "https://a.test/?k=1"', ("base_url",)
    ),
    "timeout that is no number": Bad("10.0", '"soon"', ("timeout_seconds", "number")),
    "timeout too long": Bad("10.0", "60.0", ("timeout_seconds", "15")),
    "negative timeout": Bad("10.0", "-1", ("timeout_seconds", "greater than 0")),
    "auth missing": Bad(f"[auth]\n{TOKEN_LINE}", "", ("auth", "add it")),
    "auth of an unknown type": Bad('"bearer"', '"digest"', ("auth.type", "bearer")),
    "token missing": Bad(TOKEN_LINE, 'type = "bearer"', ("auth.token", "add it")),
    "token literally": Bad(
        TOKEN_LINE, f'token = "{TOKEN}"', ("auth.token", "by reference only", "env")
    ),
    "token of a variable that is not set": Bad(
        "KEEPSTEP_CRM_TOKEN", "NOT_SET", ("auth.token", "NOT_SET is not set")
    ),
    "reference to no name": Bad('"KEEPSTEP_CRM_TOKEN"', "1", ("auth.token", "env")),
    "token of two lines": Bad(
        "KEEPSTEP_CRM_TOKEN", "TWO_LINES", ("auth.token", "line break")
    ),
    "password literally": Bad(
        TOKEN_LINE,
        f'type = "basic"\nusername = "me"\npassword = "{TOKEN}"',
        ("auth.password", "by reference only"),
    ),
    "user name with a colon": Bad(
        TOKEN_LINE,
        'type = "basic"\nusername = "a:b"\npassword = {env = "CLIENT_SECRET"}',
        ("auth.username",),
    ),
    "header with a line break": Bad(
        TOKEN_LINE,
        'type = "header"\nname = "X-Key: 1"\nvalue = {env = "CLIENT_SECRET"}',
        ("auth.name",),
    ),
    "a key of another kind of auth": Bad(
        'type = "bearer"', 'type = "bearer"\nscope = "all"', ("auth.scope", "no key")
    ),
    "token_url without a host": Bad(
        TOKEN_LINE,
        'type = "oauth2_client_credentials"\ntoken_url = "login.test"\n'
        'client_id = "me"\nclient_secret = {env = "CLIENT_SECRET"}',
        ("auth.token_url",),
    ),
    "rates missing": Bad(
        "rates = [{calls = 50, per_seconds = 1}]", "", ("limits.rates", "add it")
    ),
    "rates empty": Bad("[{calls = 50, per_seconds = 1}]", "[]", ("limits.rates",)),
    "rate of no calls": Bad("calls = 50", "calls = 0", ("limits.rates.0.calls",)),
    "all of a rate kept free": Bad(
        "per_seconds = 1",
        "per_seconds = 1, keep_free = 1",
        ("keep_free", "less than 1"),
    ),
    "pattern that does not compile": Bad(
        '"^[A-Za-z0-9_-]{1,64}$"', '"["', ("lookup.id_pattern", "regular expression")
    ),
    "unknown policy": Bad(
        'deleted = "deactivate"', 'deleted = "archive"', ("on.deleted",)
    ),
    "policy without its request": Bad(
        REST_OF_IT,
        REST_OF_IT.replace('"deactivate"', '"delete"', 1).partition("[requests.del")[0],
        ("on.deleted", "requests.delete", "another policy"),
    ),
    "policy for the blocked without its request": Bad(
        CRM,
        CRM.replace(
            DELETED, f"{DELETED.replace('deactivate', 'ignore')}\n{BLOCKED}"
        ).replace(DEACTIVATE, ""),
        ("on.blocked", "requests.deactivate", "another policy"),
    ),
    "no word on deletions, though two users may be at one record": Bad(
        CRM,
        CRM.replace(OWNER, "")
        .replace(BY_USER_ID, "")
        .replace('deleted = "deactivate"', ""),
        ("on.deleted", "lookup.user_id_field"),
    ),
    "path that climbs": Bad('"/contacts/{id}"', '"/../{id}"', ("path", "base_url")),
    "path without a slash": Bad('"/contacts/{id}"', '"contacts/{id}"', (".path",)),
    "path with a query": Bad('"/contacts/{id}"', '"/c/{id}?x=1"', (".path",)),
    "path without its id": Bad(
        'method = "PATCH"\npath = "/contacts/{id}"', 'path = "/c"', ("path", "{id}")
    ),
    "a brace for nothing": Bad(
        '"/contacts/{id}"', '"/contacts/{id}/{name}"', ("{name}", "{id}")
    ),
    "look-up without the value": Bad(QUERY, "", ("requests.find.path", "{email}")),
    "look-up by user_id without its field": Bad(
        OWNER, "", ("lookup.user_id_field", "find_by_user_id", "add it")
    ),
    "create missing": Bad(
        '[requests.create]\nmethod = "POST"\npath = "/contacts"\nid = "id"',
        "",
        ("requests.create", "add it"),
    ),
    "method in small letters": Bad('"POST"', '"post"', ("requests.create.method",)),
    "success that is no status": in_table(
        "requests.create", "success = [20]", "requests.create.success"
    ),
    "idempotency header with a space": in_table(
        "requests.create", 'idempotency_header = "a b"', ".idempotency_header"
    ),
    "both ways to a next page": in_table(
        "requests.find",
        'next = {link = "next", cursor = "after", parameter = "after"}',
        "requests.find.next",
        "link or cursor",
    ),
    "cursor without its parameter": in_table(
        "requests.find", 'next = {cursor = "after"}', ".next", "parameter"
    ),
    "header that is the connector's": added(
        '[headers]\nAuthorization = "x"', "headers", "[auth]"
    ),
    "header with a line break of its own": added(
        '[headers]\nX-Version = "1\\nX-Admin: 1"', "headers.X-Version"
    ),
    "error of an unknown meaning": added('[errors]\n"403" = "fatal"', '"403"', "retry"),
    "error of no status": added(
        '[errors]\nforbidden = "auth"', '"forbidden"', "STATUS"
    ),
    "error with a bad pattern": added('[errors]\n"400:(" = "retry"', "expression"),
    "preset that there is not": Bad(BASE, 'extends = "sap"', ("extends", "crm")),
    "extends that is no text": Bad(BASE, "extends = 1", ("extends", "crm")),
    "dead letter that neither holds nor goes on": added(
        '[after_dead_letter]\n"user.deleted" = "stop"', "after_dead_letter"
    ),
}


def write(directory: Path, name: str, text: str) -> None:
    (directory / f"{name}.toml").write_text(text)


def changed(bad: Bad) -> str:
    text = CRM.replace(bad.old, bad.new, 1)
    assert text != CRM
    return text


@pytest.mark.parametrize("name", CASES)
def test_a_bad_file_is_said_in_one_line_with_file_key_and_cure(
    tmp_path: Path, name: str
) -> None:
    write(tmp_path, "crm", changed(CASES[name]))
    started = time.monotonic()

    with pytest.raises(BadConfiguration) as said:
        load(tmp_path, "crm", ENVIRON)

    line = str(said.value)
    assert time.monotonic() - started < 2.0
    assert line.startswith("crm.toml")
    assert [words for words in CASES[name].says if words not in line] == []
    assert "\n" not in line
    assert TOKEN not in line
    assert said.value.exit_code == 2


def mounted(directory: Path, **secrets: str) -> dict[str, str]:
    directory.mkdir(exist_ok=True)
    for name, value in secrets.items():
        (directory / name).write_text(value)
    return {"KEEPSTEP_SECRETS_DIR": str(directory)}


def bearer_of(destination: Destination) -> Secret:
    assert isinstance(destination.auth, Bearer)
    return destination.auth.token


def extending(directory: Path, text: str) -> tuple[Destination, Mapping[str, Origin]]:
    write(directory, "ours", f'extends = "crm"\n{text}')
    origins = read(directory, "ours", ENVIRON).origins
    destination = load(directory, "ours", ENVIRON)
    return destination, {".".join(key): origin for key, origin in origins.items()}


def test_a_file_that_extends_changes_its_preset_key_by_key(tmp_path: Path) -> None:
    destination, _ = extending(
        tmp_path, '[on]\nupdated_missing = "create"\n[fields]\nnickname = "nickname"'
    )

    assert destination.on.updated_missing == "create"
    assert destination.on.deleted_missing == "skip"
    assert {"email", "nickname"} <= destination.fields.keys()


def test_a_list_replaces_the_list_of_the_preset(tmp_path: Path) -> None:
    destination, _ = extending(
        tmp_path, "[limits]\nrates = [{calls = 1, per_seconds = 60}]"
    )

    assert [rate.calls for rate in destination.limits.rates] == [1]


def test_each_key_knows_the_file_and_the_variable_that_it_came_from(
    tmp_path: Path,
) -> None:
    _, origins = extending(tmp_path, '[on]\nupdated_missing = "create"')

    assert str(origins["on.updated_missing"]) == "ours.toml"
    assert str(origins["on.deleted"]) == "crm.toml"
    assert str(origins["auth.token"]) == "crm.toml, KEEPSTEP_CRM_TOKEN"


def test_a_mistake_in_a_preset_is_said_of_the_preset(tmp_path: Path) -> None:
    write(tmp_path, "ours", 'extends = "crm"')

    with pytest.raises(BadConfiguration, match=r"^crm.toml: base_url: "):
        load(tmp_path, "ours", {**ENVIRON, "KEEPSTEP_CRM_URL": "nowhere"})


def test_a_secret_is_read_from_the_environment_before_a_mounted_file(
    tmp_path: Path,
) -> None:
    secrets = mounted(tmp_path / "secrets", keepstep_crm_token="of-the-file")
    without = {k: v for k, v in ENVIRON.items() if k != "KEEPSTEP_CRM_TOKEN"}

    from_environment = load(shipped(), "crm", {**ENVIRON, **secrets})
    from_file = load(shipped(), "crm", {**without, **secrets})

    assert bearer_of(from_environment).now() == TOKEN
    assert bearer_of(from_file).now() == "of-the-file"


def test_a_mounted_secret_is_read_as_it_is_now(tmp_path: Path) -> None:
    environ = {
        "KEEPSTEP_CRM_URL": "http://127.0.0.1:1",
        **mounted(tmp_path / "secrets", keepstep_crm_token="old\n"),
    }
    token = bearer_of(load(shipped(), "crm", environ))
    assert token.now() == "old"

    mounted(tmp_path / "secrets", keepstep_crm_token="new\n")

    assert token.now() == "new"


def test_an_empty_mounted_secret_is_not_set(tmp_path: Path) -> None:
    environ = mounted(tmp_path / "secrets", keepstep_crm_token="\n")

    with pytest.raises(
        BadConfiguration, match=r"auth\.token: KEEPSTEP_CRM_TOKEN is not"
    ):
        load(shipped(), "crm", {"KEEPSTEP_CRM_URL": "http://127.0.0.1:1", **environ})


def test_a_secret_is_in_no_text_of_what_was_loaded(tmp_path: Path) -> None:
    file = read(shipped(), "crm", ENVIRON)
    destination = load(shipped(), "crm", ENVIRON)

    for said in (file, file.tables, destination, destination.model_dump()):
        assert TOKEN not in repr(said)
        assert TOKEN not in f"{said}"
    assert TOKEN not in destination.model_dump_json(exclude={"auth", "errors"})


def test_a_destination_outside_the_directory_is_not_read(tmp_path: Path) -> None:
    write(tmp_path, "crm", CRM)
    inside = tmp_path / "inside"
    inside.mkdir()

    with pytest.raises(BadConfiguration, match="there is no destination"):
        load(inside, "../crm", ENVIRON)


def test_a_preset_is_no_destination_by_itself(tmp_path: Path) -> None:
    write(tmp_path, "base", f"preset = true\n{CRM}")
    write(tmp_path, "crm", CRM)

    assert names(tmp_path) == ["crm"]
    with pytest.raises(BadConfiguration, match=r"base\.toml: preset: .*extends"):
        load(tmp_path, "base", ENVIRON)
