"""Who is let in: real files, the real matching, no network."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

import pytest
from pydantic import SecretStr

from events.exits import BadConfiguration
from ingest.credentials import Credentials

FIRST = "3f9c1e7a5b2d4860a7c3e5f19b8d6240"
SECOND = "8d61b0f4c2e97a35d1f0c6b8e4a29753"
THIRD = "57e2d9a1f8b36c04e9d7a5c3f1b08264"


def basic(pair: str) -> bytes:
    return b"Basic " + b64encode(pair.encode())


def a_file(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return a_file(
        tmp_path / "credentials.toml",
        f"""
        bearer = ["{FIRST}", "{SECOND}"]
        basic = ["auth0:{THIRD}"]
        [header]
        X-Hook-Key = ["{FIRST}"]
        """,
    )


@pytest.mark.parametrize(
    ("headers", "name"),
    [
        ({b"authorization": b"Bearer " + FIRST.encode()}, "file.bearer.1"),
        ({b"authorization": b"bearer  " + SECOND.encode()}, "file.bearer.2"),
        ({b"authorization": basic(f"auth0:{THIRD}")}, "file.basic.1"),
        ({b"x-hook-key": FIRST.encode()}, "file.header.x-hook-key.1"),
        (
            {b"authorization": b"Bearer x", b"x-hook-key": FIRST.encode()},
            "file.header.x-hook-key.1",
        ),
    ],
)
def test_every_secret_of_the_file_is_valid_at_once(
    path: Path, headers: dict[bytes, bytes], name: str
) -> None:
    assert Credentials((), path).name_of(headers) == name


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {b"authorization": b""},
        {b"authorization": b"Bearer"},
        {b"authorization": b"Bearer "},
        {b"authorization": b"Bearer " + FIRST[:-1].encode()},
        {b"authorization": b"Bearer " + FIRST.encode() + b"0"},
        {b"authorization": b"Bearer " + FIRST.upper().encode()},
        {b"authorization": FIRST.encode()},
        {b"authorization": b"Basic " + FIRST.encode()},
        {b"authorization": basic(f"auth1:{THIRD}")},
        {b"authorization": b"Bearer " + THIRD.encode()},
        {b"x-hook-key": THIRD.encode()},
        {b"x-other": FIRST.encode()},
        {b"authorization": b"Bearer \xff\xfe"},
    ],
)
def test_nearly_right_is_wrong(path: Path, headers: dict[bytes, bytes]) -> None:
    assert Credentials((), path).name_of(headers) is None


def test_tokens_of_the_environment_and_of_the_file_are_valid_together(
    path: Path,
) -> None:
    credentials = Credentials([SecretStr(THIRD)], path)

    ours = credentials.name_of({b"authorization": b"Bearer " + THIRD.encode()})
    theirs = credentials.name_of({b"authorization": b"Bearer " + FIRST.encode()})

    assert (ours, theirs) == ("environment.bearer.1", "file.bearer.1")


def test_a_changed_file_is_read_again(path: Path) -> None:
    credentials = Credentials((), path)
    first = {b"authorization": b"Bearer " + FIRST.encode()}
    third = {b"authorization": b"Bearer " + THIRD.encode()}

    a_file(path, f'bearer = ["{THIRD}"]')
    credentials.reload_if_changed()

    assert credentials.name_of(first) is None
    assert credentials.name_of(third) == "file.bearer.1"


def test_a_file_put_in_place_of_the_old_one_is_read(path: Path) -> None:
    credentials = Credentials((), path)

    a_file(path.with_suffix(".new"), f'bearer = ["{THIRD}"]').rename(path)
    credentials.reload_if_changed()

    third = {b"authorization": b"Bearer " + THIRD.encode()}
    assert credentials.name_of(third) == "file.bearer.1"


@pytest.mark.parametrize("text", ["bearer = [", "bearer = []", 'bearer = ["short"]'])
def test_a_broken_new_file_leaves_the_old_secrets_valid(path: Path, text: str) -> None:
    credentials = Credentials((), path)
    first = {b"authorization": b"Bearer " + FIRST.encode()}

    a_file(path, text)
    credentials.reload_if_changed()

    assert credentials.name_of(first) == "file.bearer.1"
    assert credentials.broken is not None
    assert str(path) in credentials.broken


def test_a_mended_file_is_no_longer_called_broken(path: Path) -> None:
    credentials = Credentials((), path)

    a_file(path, "bearer = [")
    credentials.reload_if_changed()
    a_file(path, f'bearer = ["{THIRD}", "{SECOND}"]')
    credentials.reload_if_changed()

    assert credentials.broken is None


def test_a_file_that_is_gone_leaves_the_old_secrets_valid(path: Path) -> None:
    credentials = Credentials((), path)

    path.unlink()
    credentials.reload_if_changed()

    first = {b"authorization": b"Bearer " + FIRST.encode()}
    assert credentials.name_of(first) == "file.bearer.1"
    assert credentials.broken is not None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("bearer = [", "no TOML"),
        ("", "holds no secret"),
        ('bearer = ["hunter2"]', "bearer.0"),
        ('bearer = ["change-me-change-me-change-me"]', "no example"),
        ('basic = ["no-colon-in-here-at-all"]', "user:password"),
        (f'[header]\n"X Key" = ["{FIRST}"]', "header"),
        (f'tokens = ["{FIRST}"]', "tokens"),
    ],
)
def test_a_bad_file_is_refused_in_words_that_hold_no_secret(
    tmp_path: Path, text: str, words: str
) -> None:
    path = a_file(tmp_path / "credentials.toml", text)

    with pytest.raises(BadConfiguration) as caught:
        Credentials((), path)

    assert words in str(caught.value)
    assert "KEEPSTEP_INGEST_CREDENTIALS_FILE" in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert FIRST not in str(caught.value)
