"""What the process says when it cannot start: real processes, real exit codes."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from pathlib import Path
from uuid import uuid4

import pytest

from events.topics import Topics
from tests.support.ingest import ROOT, environment

pytestmark = pytest.mark.alone
REFUSED_SECONDS_MAX = 2.0
NOBODY = "127.0.0.1:9"  # the discard port; nothing here listens below 1024
# One of two that need each other is missing: the line names that one.
NAMED_INSTEAD = {
    "INGEST_TLS_CERTIFICATE_FILE": "INGEST_TLS_KEY_FILE",
    "KAFKA_SASL_MECHANISM": "KAFKA_SECURITY_PROTOCOL",
    "INGEST_HOST": "INGEST_PORT",
}
GOOD = "4f0c9d27b1e83a65d2c7f01e9b48a653"


def start(
    tmp_path: Path, address: str = NOBODY, installation: str = "acme", **settings: str
) -> tuple[int, str, float]:
    """Return exit code, standard error and seconds of one `python -m ingest`."""
    env = environment(address, installation, **settings)
    began = time.monotonic()
    ended = subprocess.run(
        [sys.executable, "-m", "ingest"],
        env={n: v for n, v in env.items() if v != "UNSET"} | {"PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return ended.returncode, ended.stderr, time.monotonic() - began


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("INGEST_BEARER_TOKENS", "UNSET", "openssl rand"),
        ("INGEST_BEARER_TOKENS", "hunter2", "at least 16 characters"),
        ("INGEST_BEARER_TOKENS", f"{GOOD},changeme-changeme-changeme", "no example"),
        ("INGEST_BEARER_TOKENS", " , ", "set it"),
        ("INGEST_CREDENTIALS_FILE", "absent.toml", "file"),
        ("INGEST_BEARER_TOKEN", GOOD, "did you mean KEEPSTEP_INGEST_BEARER_TOKENS"),
        ("INGEST_COLOUR", "blue", "is no setting"),
        ("INGEST_PORT", "70000", "65535"),
        ("INGEST_PORT", "http", "integer"),
        ("INGEST_HOST", "203.0.113.7", "cannot listen"),
        ("INGEST_BODY_BYTES_MAX", "8000000", "4194304"),
        ("INGEST_BODY_SECONDS_MAX", "0", "greater than 0"),
        ("INGEST_ACKNOWLEDGE_SECONDS_MAX", "60", "5"),
        ("INGEST_CONNECTIONS_MAX", "-1", "greater than"),
        ("INGEST_TLS_CERTIFICATE_FILE", __file__, "KEEPSTEP_INGEST_TLS_KEY_FILE"),
        ("INSTALLATION", "Not A Name", "pattern"),
        ("PARTITIONS", "0", "greater than"),
        ("USER_REF_SECRET", "UNSET", "set it"),
        ("USER_REF_SECRET", "example-example-example", "no example"),
        ("KAFKA_BOOTSTRAP_SERVERS", "localhost", "pattern"),
        ("KAFKA_SECURITY_PROTOCOL", "TLS", "SASL_SSL"),
        ("KAFKA_SASL_MECHANISM", "PLAIN", "KEEPSTEP_KAFKA_SECURITY_PROTOCOL"),
        ("SECRETS_DIR", "absent", "mount the secrets"),
    ],
)
def test_a_wrong_setting_is_named_with_its_cure_in_one_line(
    tmp_path: Path, name: str, value: str, words: str
) -> None:
    code, said, seconds = start(tmp_path, **{f"KEEPSTEP_{name}": value})

    assert code == 2, said
    assert said.count("\n") == 1, said
    assert said.startswith("keepstep ingest: KEEPSTEP_")
    assert f"KEEPSTEP_{NAMED_INSTEAD.get(name, name)}" in said
    assert words in said
    assert "hunter2" not in said
    assert seconds < REFUSED_SECONDS_MAX


def test_tls_files_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    code, said, _ = start(
        tmp_path,
        KEEPSTEP_INGEST_TLS_CERTIFICATE_FILE=__file__,
        KEEPSTEP_INGEST_TLS_KEY_FILE=__file__,
    )

    assert (code, said.count("\n")) == (2, 1), said
    assert "KEEPSTEP_INGEST_TLS_CERTIFICATE_FILE" in said


def test_a_bad_credentials_file_is_named_with_the_place(tmp_path: Path) -> None:
    path = tmp_path / "credentials.toml"
    path.write_text('basic = ["without-a-colon-in-it"]')

    code, said, _ = start(tmp_path, KEEPSTEP_INGEST_CREDENTIALS_FILE=str(path))

    assert (code, said.count("\n")) == (2, 1), said
    assert f"KEEPSTEP_INGEST_CREDENTIALS_FILE={path}: basic.0" in said


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        code, said, seconds = start(tmp_path, KEEPSTEP_INGEST_PORT=str(port))

    assert (code, said.count("\n")) == (2, 1), said
    assert f"KEEPSTEP_INGEST_PORT={port}" in said
    assert seconds < REFUSED_SECONDS_MAX


def test_a_broker_that_does_not_answer_ends_the_start_with_3(tmp_path: Path) -> None:
    code, said, seconds = start(tmp_path, KEEPSTEP_KAFKA_CONNECT_SECONDS_MAX="1")

    assert (code, said.count("\n")) == (3, 1), said
    assert f"KEEPSTEP_KAFKA_BOOTSTRAP_SERVERS={NOBODY}" in said
    assert seconds < 1.0 + REFUSED_SECONDS_MAX


@pytest.mark.kafka
def test_an_admin_port_that_is_taken_is_named(
    kafka: str, topics: Topics, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])

        code, said, _ = start(
            tmp_path, kafka, topics.installation, KEEPSTEP_INGEST_ADMIN_PORT=port
        )

    assert (code, said.count("\n")) == (2, 1), said
    assert port in said
    assert "ADMIN_PORT" in said


@pytest.mark.kafka
def test_missing_topics_are_named_with_the_command_that_makes_them(
    kafka: str, tmp_path: Path
) -> None:
    code, said, seconds = start(tmp_path, kafka, f"t{uuid4().hex[:8]}")

    assert (code, said.count("\n")) == (2, 1), said
    assert "keepstep topics create" in said
    assert seconds < REFUSED_SECONDS_MAX


@pytest.mark.kafka
def test_another_number_of_partitions_is_named(
    kafka: str, topics: Topics, tmp_path: Path
) -> None:
    code, said, _ = start(tmp_path, kafka, topics.installation, KEEPSTEP_PARTITIONS="7")

    assert (code, said.count("\n")) == (2, 1), said
    assert "KEEPSTEP_PARTITIONS" in said
