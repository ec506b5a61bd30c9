"""Real worker processes with bad settings and destination files; no Kafka is needed.

Each must end with exit code 2 (3 for the broker) in under two seconds, with one line
that names what is wrong and how to mend it, and without a secret in it.
"""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import destinations

SECRET = "7f2c9d51b0e84a6d93c1"
GOOD = {
    "KEEPSTEP_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
    "KEEPSTEP_USER_REF_SECRET": SECRET,
    "KEEPSTEP_CRM_URL": "http://127.0.0.1:1",
    "KEEPSTEP_CRM_TOKEN": SECRET,
    "KEEPSTEP_KAFKA_CONNECT_SECONDS_MAX": "0.5",
}
CRM = (Path(next(iter(destinations.__path__))) / "crm.toml").read_text()


@dataclass(frozen=True)
class Ended:
    code: int
    line: str
    seconds: float


@dataclass(frozen=True)
class Case:
    """What is changed in a good configuration, and what the line must say."""

    says: tuple[str, ...]
    environ: dict[str, str | None] = field(default_factory=dict)
    replace: tuple[str, str] | None = None
    code: int = 2


CASES = {
    "no broker": Case(
        ("KEEPSTEP_KAFKA_BOOTSTRAP_SERVERS", "is not set"),
        {"KEEPSTEP_KAFKA_BOOTSTRAP_SERVERS": None},
    ),
    "broker address without a port": Case(
        ("KEEPSTEP_KAFKA_BOOTSTRAP_SERVERS",),
        {"KEEPSTEP_KAFKA_BOOTSTRAP_SERVERS": "kafka"},
    ),
    "unreachable broker": Case(
        ("127.0.0.1:1", "no broker answered", "start it"), code=3
    ),
    "no secret for user_ref": Case(
        ("KEEPSTEP_USER_REF_SECRET", "is not set"), {"KEEPSTEP_USER_REF_SECRET": None}
    ),
    "example secret": Case(
        ("KEEPSTEP_USER_REF_SECRET", "openssl rand"),
        {"KEEPSTEP_USER_REF_SECRET": "change-me-to-a-long-secret"},
    ),
    "misspelt setting": Case(
        ("KEEPSTEP_WORKER_ADMIN_PROT", "did you mean KEEPSTEP_WORKER_ADMIN_PORT"),
        {"KEEPSTEP_WORKER_ADMIN_PROT": "1"},
    ),
    "misspelt shared setting": Case(
        ("KEEPSTEP_PARTITION ", "did you mean KEEPSTEP_PARTITIONS"),
        {"KEEPSTEP_PARTITION": "12"},
    ),
    "zero partitions": Case(("KEEPSTEP_PARTITIONS",), {"KEEPSTEP_PARTITIONS": "0"}),
    "port out of range": Case(
        ("KEEPSTEP_WORKER_ADMIN_PORT",), {"KEEPSTEP_WORKER_ADMIN_PORT": "70000"}
    ),
    "retry wait that is no number": Case(
        ("KEEPSTEP_WORKER_RETRY_WAITS_SECONDS",),
        {"KEEPSTEP_WORKER_RETRY_WAITS_SECONDS": "1,soon"},
    ),
    "installation with capitals": Case(
        ("KEEPSTEP_INSTALLATION",), {"KEEPSTEP_INSTALLATION": "Prod!"}
    ),
    "half of SASL": Case(
        ("KEEPSTEP_KAFKA_SASL_MECHANISM",),
        {"KEEPSTEP_KAFKA_SECURITY_PROTOCOL": "SASL_SSL"},
    ),
    "certificate that is not there": Case(
        ("KEEPSTEP_KAFKA_SSL_CA_FILE",),
        {"KEEPSTEP_KAFKA_SSL_CA_FILE": "no-such-file.pem"},
    ),
    "secrets directory that is not there": Case(
        ("KEEPSTEP_SECRETS_DIR",), {"KEEPSTEP_SECRETS_DIR": "no-such-directory"}
    ),
    "token that is not set": Case(
        ("crm.toml", "auth.token", "KEEPSTEP_CRM_TOKEN is not set"),
        {"KEEPSTEP_CRM_TOKEN": None},
    ),
    "token written into the file": Case(
        ("crm.toml", "auth.token", "by reference only"),
        replace=('token = {env = "KEEPSTEP_CRM_TOKEN"}', f'token = "{SECRET}"'),
    ),
    "base_url that is no URL": Case(
        ("crm.toml", "base_url"), {"KEEPSTEP_CRM_URL": "crm.example.com"}
    ),
    "bad pattern": Case(
        ("crm.toml", "lookup.id_pattern", "no regular expression"),
        replace=('id_pattern = "^[A-Za-z0-9_-]{1,64}$"', 'id_pattern = "["'),
    ),
    "unknown key": Case(
        ("crm.toml", "on.update_missing", "no key of a destination file"),
        replace=("updated_missing", "update_missing"),
    ),
    "unknown policy": Case(
        ("crm.toml", "on.deleted", "deactivate"),
        replace=('deleted = "deactivate"', 'deleted = "archive"'),
    ),
    "update without {id}": Case(
        ("crm.toml", "requests.update.path"),
        replace=('method = "PATCH"\npath = "/contacts/{id}"', 'path = "/contacts"'),
    ),
    "no rate": Case(
        ("crm.toml", "limits.rates"),
        replace=("rates = [{calls = 50, per_seconds = 1}]", "rates = []"),
    ),
    "no TOML": Case(("crm.toml", "is no TOML"), replace=("[auth]", "[auth")),
    "a request is missing": Case(
        ("crm.toml", "requests.create", "is missing"),
        replace=(
            '[requests.create]\nmethod = "POST"\npath = "/contacts"\nid = "id"',
            "",
        ),
    ),
}


def run_worker(tmp_path: Path, case: Case, destination: str = "crm") -> Ended:
    text = CRM if case.replace is None else CRM.replace(*case.replace)
    assert text != CRM or case.replace is None
    (tmp_path / "crm.toml").write_text(text)
    environ = {
        **GOOD,
        "KEEPSTEP_WORKER_DESTINATIONS_DIR": str(tmp_path),
        **case.environ,
    }
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "processors", "worker", destination],
        env={name: value for name, value in environ.items() if value is not None},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    line = done.stderr.strip()
    assert line.count("\n") == 0, line
    return Ended(done.returncode, line, time.monotonic() - started)


@pytest.mark.parametrize("name", CASES)
def test_bad_configuration_is_said_in_one_line(tmp_path: Path, name: str) -> None:
    ended = run_worker(tmp_path, CASES[name])

    assert ended.code == CASES[name].code, ended.line
    for words in CASES[name].says:
        assert words in ended.line
    assert SECRET not in ended.line


@pytest.mark.alone
def test_it_is_said_in_under_two_seconds(tmp_path: Path) -> None:
    # The best of three: what is measured is the program, not a busy machine.
    case = CASES["example secret"]

    assert min(run_worker(tmp_path, case).seconds for _ in range(3)) < 2.0


def test_an_unknown_destination_is_named_with_those_that_there_are(
    tmp_path: Path,
) -> None:
    ended = run_worker(tmp_path, Case(()), destination="crn")

    assert ended.code == 2
    assert "'crn'" in ended.line
    assert "known are crm" in ended.line
