"""A person says which record is whose: real Kafka, ingest, worker, CRM and console."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.eventually import eventually
from tests.support.operating import Console
from tests.support.pipeline import Pipeline, running_pipeline
from tests.support.user_events import user_event
from tests.support.worker import hasty

pytestmark = pytest.mark.kafka
MANY = 25_000  # more than a worker reads ahead
MANY_SECONDS_MAX = 60.0  # in a transaction for each it would be 8 minutes


@pytest.fixture
def pipeline(kafka: str, installation: str, tmp_path: Path) -> Iterator[Pipeline]:
    with running_pipeline(kafka, installation, tmp_path) as running:
        yield running


@pytest.fixture
def console(kafka: str, installation: str, tmp_path: Path) -> Console:
    made = Console(kafka, installation, tmp_path)
    made.env["KEEPSTEP_WORKER_DESTINATIONS_DIR"] = hasty(tmp_path)
    made.env |= {"KEEPSTEP_CRM_URL": "http://127.0.0.1:9", "KEEPSTEP_CRM_TOKEN": "t"}
    return made


def ended(pipeline: Pipeline, event: dict[str, Any]) -> str:
    assert pipeline.send(event) == 202
    outcome = pipeline.outcome_of(event["id"])
    return str(outcome["action"] or outcome["outcome"])


def commands_left(console: Console) -> int:
    [told] = console.keepstep("status", "crm", "--json").json
    return sum(one["commands"] for one in told["partitions"])


def exported(console: Console) -> dict[str, str]:
    done = console.keepstep("links", "export", "crm")
    assert done.code == 0, done.err
    return {line["user_id"]: line["record_id"] for line in done.json}


def test_known_links_are_imported_and_the_first_update_goes_there(
    pipeline: Pipeline, console: Console, tmp_path: Path
) -> None:
    other = user_event("other", "created", email="other@example.com")
    assert ended(pipeline, other) == "created"
    [record] = pipeline.crm.contacts(email="other@example.com")
    file = tmp_path / "known.ndjson"
    line = {"user_id": "auth0|ann", "record_id": record["id"]}
    file.write_text(json.dumps(line) + "\n")

    done = console.keepstep("links", "import", "crm", str(file))
    eventually(lambda: "auth0|ann" in exported(console))

    assert done.code == 0, done.err
    assert "sent: 1 links" in done.out
    updated = user_event("ann", "updated", name="Ann", email=None)
    assert ended(pipeline, updated) == "updated"
    [record] = pipeline.crm.contacts(email="other@example.com")
    assert record["name"] == "Ann"


def test_an_import_of_many_links_takes_seconds(
    pipeline: Pipeline, console: Console, tmp_path: Path
) -> None:
    known = {f"auth0|{number}": f"c_{number}" for number in range(MANY)}
    lines = [json.dumps({"user_id": u, "record_id": r}) for u, r in known.items()]
    file = tmp_path / "known.ndjson"
    file.write_text("\n".join(lines))

    done = console.keepstep("links", "import", "crm", str(file))

    assert done.code == 0, done.err
    eventually(lambda: commands_left(console) == 0, MANY_SECONDS_MAX)
    assert exported(console) == known


def test_resync_sends_anew_what_was_unchanged(
    pipeline: Pipeline, console: Console
) -> None:
    profile = {"email": "ann@example.com", "name": "Ann"}
    assert ended(pipeline, user_event("ann", "created", **profile)) == "created"
    assert ended(pipeline, user_event("ann", "updated", **profile)) == "unchanged"

    done = console.keepstep("resync", "crm", "--field", "name")

    assert done.code == 0, done.err
    assert "of 1 users" in done.out
    eventually(lambda: "name" not in fields(console))
    outcome = user_event("ann", "updated", **profile)
    assert ended(pipeline, outcome) == "updated"
    assert pipeline.outcome_of(outcome["id"])["fields"] == ["name"]


def fields(console: Console) -> list[str]:
    [line] = console.keepstep("links", "export", "crm").json
    found: list[str] = line["fields"]
    return found


def test_unlink_and_link_are_done_when_the_command_says_so(
    pipeline: Pipeline, console: Console
) -> None:
    created = user_event("ann", "created", email="ann@example.com")
    assert ended(pipeline, created) == "created"

    unlinked = console.keepstep("unlink", "crm", "auth0|ann")
    after = exported(console)
    linked = console.keepstep("link", "crm", "auth0|ann", "77")

    assert (unlinked.code, linked.code) == (0, 0), unlinked.err + linked.err
    assert after == {}
    assert exported(console) == {"auth0|ann": "77"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("unlink", "crm", "auth0|nobody"), "nothing is known of this user at crm"),
        (("resync", "crm", "--user", "auth0|nobody"), "nothing is known of this user"),
        (("resync", "crm", "--field", "mood"), "crm has no field 'mood'"),
        (("link", "crm", "auth0|ann", "a.b"), "'a.b' is no id of a record"),
    ],
)
def test_an_order_that_can_do_nothing_is_refused_in_one_line(
    pipeline: Pipeline, console: Console, arguments: tuple[str, ...], said: str
) -> None:
    done = console.keepstep(*arguments)

    assert (done.code, len(done.err.splitlines())) == (2, 1)
    assert said in done.err
    assert commands_left(console) == 0


def test_an_order_is_carried_out_by_a_worker_that_comes_later(
    pipeline: Pipeline, console: Console
) -> None:
    pipeline.worker.terminate()
    assert pipeline.worker.wait(25.0) == 0

    linked = console.keepstep("link", "crm", "auth0|ann", "77", "--no-wait")
    assert (linked.code, linked.out) == (0, "sent\n")
    assert exported(console) == {}
    pipeline.worker.start()

    eventually(lambda: exported(console) == {"auth0|ann": "77"})


def test_an_open_item_ends_when_a_person_says_whose_record_it_is(
    pipeline: Pipeline, console: Console
) -> None:
    other = user_event("other", "created", email="other@example.com")
    assert ended(pipeline, other) == "created"
    [record] = pipeline.crm.contacts(email="other@example.com")
    unmatched = user_event("ann", "updated", name="Ann", email=None)
    assert pipeline.send(unmatched) == 202
    eventually(pipeline.parked)

    done = console.keepstep("link", "crm", "auth0|ann", record["id"])

    assert done.code == 0, done.err
    assert pipeline.outcome_of(unmatched["id"])["action"] == "updated"
    eventually(lambda: not pipeline.parked())


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('{"user_id": "a"}', "line 1: Object missing required field `record_id`"),
        ('{"user_id": "a", "record_id": "../x"}', "line 1: '../x' is no id"),
        (
            '{"user_id": "a", "record_id": "1"}\n\n{"user_id": "a", "record_id": "2"}',
            "line 3: this user stands in line 1 already",
        ),
        (
            '{"user_id": "a", "record_id": "1"}\n{"user_id": "b", "record_id": "1"}',
            "line 2: this record stands in line 1 already",
        ),
        (
            '{"user_id": "a", "record_id": "a.b"}',
            "line 1: 'a.b' is no id of a record: it does not match lookup.id_pattern",
        ),
        ("no json", "line 1: "),
    ],
)
def test_a_wrong_line_is_named_and_nothing_is_sent(
    pipeline: Pipeline, console: Console, tmp_path: Path, lines: str, said: str
) -> None:
    file = tmp_path / "known.ndjson"
    file.write_text(lines)

    done = console.keepstep("links", "import", "crm", str(file))

    assert done.code == 2
    assert said in done.err
    assert "nothing was sent" in done.err
    assert exported(console) == {}
