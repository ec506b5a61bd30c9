"""`keepstep verify` against what really runs: Kafka, ingest, a worker and the CRM."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.support.operating import Console, Done
from tests.support.pipeline import Pipeline, running_pipeline
from tests.support.worker import hasty

pytestmark = pytest.mark.kafka


@pytest.fixture(scope="module")
def pipeline(
    kafka: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pipeline]:
    directory = tmp_path_factory.mktemp("verify")
    with running_pipeline(kafka, f"t{uuid4().hex[:12]}", directory) as running:
        yield running


@pytest.fixture
def console(kafka: str, pipeline: Pipeline, tmp_path: Path) -> Console:
    made = Console(kafka, pipeline.topics.installation, tmp_path)
    made.env |= {
        "KEEPSTEP_WORKER_DESTINATIONS_DIR": hasty(tmp_path),
        "KEEPSTEP_CRM_URL": pipeline.crm.base_url,
        "KEEPSTEP_CRM_TOKEN": pipeline.crm.token,
        "KEEPSTEP_INGEST_BEARER_TOKENS": token_of(pipeline),
    }
    return made


def token_of(pipeline: Pipeline) -> str:
    [value] = pipeline.ingest.authorization.values()
    return value.removeprefix("Bearer ")


def verify(console: Console, pipeline: Pipeline, *more: str) -> Done:
    return console.keepstep("verify", "crm", "--webhook", pipeline.ingest.url, *more)


def file_of(console: Console) -> Path:
    return Path(console.env["KEEPSTEP_WORKER_DESTINATIONS_DIR"]) / "crm.toml"


def test_each_step_reaches_the_record_and_nothing_is_left(
    pipeline: Pipeline, console: Console
) -> None:
    done = verify(console, pipeline)

    assert done.code == 0, done.out + done.err
    lines = done.out.splitlines()
    for title in ("created", "updated", "updated in part"):
        action = title.split()[0]
        expected = f"{title}: outcome: expected applied ({action})"
        assert f"{expected}, found applied ({action}): ok" in lines
    assert (
        'updated in part: phone: expected "+4930123457", found "+4930123457": ok'
        in (lines)
    )
    again = '"Keepstep Verify Again"'
    assert f"updated in part: name: expected {again}, found {again}: ok" in lines
    off = '"deactivated"'
    assert f"deleted: status: expected {off}, found {off}: ok" in lines
    assert lines[-1] == "cleaned up: the record is removed"
    assert pipeline.crm.contacts() == []


def test_what_the_record_does_not_show_is_told_with_exit_code_1(
    pipeline: Pipeline, console: Console
) -> None:
    file = file_of(console)
    file.write_text(file.read_text().replace('name = "name"', 'name = "nickname"'))

    done = verify(console, pipeline)

    assert done.code == 1, done.out + done.err
    differs = [line for line in done.out.splitlines() if line.endswith("DIFFERS")]
    assert (
        'created: name: expected "verify", found "Keepstep Verify": DIFFERS' in differs
    )
    assert all(": name: " in line for line in differs)
    assert pipeline.crm.contacts() == []


def test_what_nobody_takes_up_is_told_with_exit_code_1(
    pipeline: Pipeline, console: Console
) -> None:
    told = console.keepstep("pause", "crm")
    assert told.code == 0, told.err

    done = verify(console, pipeline, "--seconds-max", "1")

    assert console.keepstep("resume", "crm").code == 0
    assert done.code == 1, done.out + done.err
    line = "created: outcome: expected applied (created), found none in time: DIFFERS"
    assert line in done.out.splitlines()


@pytest.mark.parametrize(
    ("extra", "named"),
    [
        ('mode = "observe"\n', "mode: observe writes nothing"),
        (
            "select = " + '"$exists(app_metadata.plan)"\n',
            "select: leaves the test user out",
        ),
    ],
)
def test_a_file_that_leaves_the_user_out_is_refused_with_exit_code_2(
    pipeline: Pipeline, console: Console, extra: str, named: str
) -> None:
    file = file_of(console)
    file.write_text(extra + file.read_text())

    done = verify(console, pipeline)

    assert (done.code, len(done.err.splitlines())) == (2, 1), done.out + done.err
    assert named in done.err


def test_a_profile_brings_what_the_file_asks_for(
    pipeline: Pipeline, console: Console, tmp_path: Path
) -> None:
    file = file_of(console)
    file.write_text('select = "$exists(app_metadata.plan)"\n' + file.read_text())
    profile = tmp_path / "profile.json"
    profile.write_text('{"app_metadata": {"plan": "trial"}}')

    done = verify(console, pipeline, "--profile", str(profile))

    assert done.code == 0, done.out + done.err


@pytest.mark.parametrize(
    ("url", "named"),
    [("http://127.0.0.1:9/x", "does not answer"), ("", "answered 401")],
)
def test_a_webhook_that_takes_nothing_is_named_with_exit_code_2(
    pipeline: Pipeline, console: Console, url: str, named: str
) -> None:
    console.env["KEEPSTEP_INGEST_BEARER_TOKENS"] = "5d1c07e2b93f48a6"
    at = url or pipeline.ingest.url

    done = console.keepstep("verify", "crm", "--webhook", at)

    assert (done.code, len(done.err.splitlines())) == (2, 1), done.out + done.err
    assert named in done.err
