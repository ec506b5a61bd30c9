"""Canaries in all that a run says: real Kafka, ingest, worker, CRM and console.

Each kind of end comes about once, with a CRM that works and then with one that says
back what it was asked. Python runs in its development mode, which tells most.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import pytest

from tests.support.canaries import leaks
from tests.support.canary_run import (
    TOPICS,
    Run,
    at_a_crm_that_says_back,
    at_a_crm_that_works,
    listen,
    without_a_reader,
)
from tests.support.echoing import echoing
from tests.support.eventually import eventually
from tests.support.operating import Console
from tests.support.pipeline import running_pipeline
from tests.support.several import quick
from tests.support.topics import Stored

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]
SAYING_MOST = ("PYTHONDEVMODE", "1")
# Half a merge is told of at the next moment, so a deletion waits for that long.
GRACE = ("deletion_grace_seconds = 0\n", "deletion_grace_seconds = 1\n")
# The event itself, its dead letter, and what waits; their keys and the links' are
# user ids. Everything else of any topic is nobody's business.
MAY_TELL = {
    "keys": ("events", "retry", "dead", "links", "commands"),
    "values": ("events", "quarantine", "retry", "dead"),
}


@pytest.fixture(scope="module")
def run(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Let it all happen once, and keep what was said."""
    directory, installation = (
        tmp_path_factory.mktemp("canaries"),
        f"t{uuid4().hex[:12]}",
    )
    found = Path(quick(directory)) / "crm.toml"
    found.write_text(found.read_text().replace(*GRACE))
    told = {"KEEPSTEP_WORKER_DESTINATIONS_DIR": str(directory)}
    with ExitStack() as stack:
        stack.enter_context(pytest.MonkeyPatch.context()).setenv(*SAYING_MOST)
        pipeline = stack.enter_context(
            running_pipeline(kafka, installation, directory, **told)
        )
        made = Run(pipeline, Console(kafka, installation, directory))
        made.console.env |= {
            **told,
            "KEEPSTEP_CRM_URL": pipeline.crm.base_url,
            "KEEPSTEP_CRM_TOKEN": pipeline.crm.token,
            "KEEPSTEP_WORKER_ADMIN_PORT": str(pipeline.worker.admin_port),
        }
        at_a_crm_that_works(made)
        without_a_reader(made)
        pipeline.crm.kill()
        echo = stack.enter_context(echoing(pipeline.crm.port))
        at_a_crm_that_says_back(made)
        eventually(lambda: 429 in echo.statuses)
        listen(made, directory)
    return made


def parts(run: Run, part: str) -> dict[str, bytes]:
    """Return keys, values or headers of each topic where nobody may be told of."""
    topics = [topic for topic in TOPICS if topic not in MAY_TELL.get(part, ())]
    return {topic: told_by(run.records[topic], part) for topic in topics}


def told_by(records: list[Stored], part: str) -> bytes:
    match part:
        case "keys":
            return b"\n".join(record.key or b"" for record in records)
        case "values":
            return b"\n".join(record.value or b"" for record in records)
        case _:
            return repr([record.headers for record in records]).encode()


def test_the_run_has_seen_every_kind_of_end(run: Run) -> None:
    assert run.ended >= {
        *("created", "updated", "deactivated", "unchanged", "stale", "duplicate"),
        *("merged", "noted", "test", "unhandled", "rerouted"),
        *("rejected", "bad_external_id", "unreadable", "gave_up"),
    }
    told = [record.headers for record in run.records["retry"]]
    reasons = {h["reason"] for h in told if h.get("state") == "review"}
    assert reasons == {"unmatched", "ambiguous"}


def test_what_is_looked_for_is_found_where_it_may_be(run: Run) -> None:
    for part, topics in MAY_TELL.items():
        for topic in set(topics) - {"commands"}:
            told = told_by(run.records[topic], part)
            assert leaks(told, run.users, run.secrets), (topic, part)


def test_neither_logs_nor_admin_ports_nor_the_console_tell_of_anybody(run: Run) -> None:
    told = {where: leaks(t, run.users, run.secrets) for where, t in run.said.items()}

    assert {where: found for where, found in told.items() if found} == {}
    assert b'"attempt"' in run.said["worker log"]
    assert b"keepstep_worker_outcomes_total" in run.said["worker /metrics"]
    assert b"keepstep_ingest_requests_total" in run.said["ingest /metrics"]


@pytest.mark.parametrize("part", ["keys", "values", "headers"])
def test_no_topic_tells_of_anybody_but_in_events_and_letters(
    run: Run, part: str
) -> None:
    told = {
        where: leaks(t, run.users, run.secrets) for where, t in parts(run, part).items()
    }

    assert {where: found for where, found in told.items() if found} == {}
    assert all(run.records[topic] for topic in set(TOPICS) - {"commands"})
