"""The commands of the how-to page about open items, run as a reader would.

Real: Kafka, ingest, the worker, the CRM and the commands.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.eventually import eventually
from tests.support.pages import Page, Shell
from tests.support.pipeline import Pipeline, running_pipeline
from tests.support.user_events import user_event

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(180)]
PAGE = Page("decide-about-open-items.md").commands


@pytest.fixture
def pipeline(kafka: str, installation: str, tmp_path: Path) -> Iterator[Pipeline]:
    with running_pipeline(kafka, installation, tmp_path) as running:
        yield running


def test_open_items_are_listed_linked_created_and_ignored(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    show, link, create, ignore = PAGE
    shell = Shell(pipeline, tmp_path)
    record = pipeline.crm.add(email="old@example.com")
    ids = {}
    for user in ("ann", "bea", "cem"):
        event = user_event(user, "updated", name=user.title())
        pipeline.send(event)
        ids[user] = event["id"]
    shown = eventually(lambda: three(shell.run(show)))

    linked = shell.run(link, ("c_1", record["id"]))
    created = shell.run(create, ("auth0|ann", "auth0|bea"))
    ignored = shell.run(ignore, ("auth0|ann", "auth0|cem"))

    assert {line.split()[0] for line in shown[1:4]} == {f"auth0|{user}" for user in ids}
    assert (linked[-1], ignored[-1]) == ("done", "done")
    assert created[-1].startswith("done: the user's record is ")
    ends = {user: pipeline.outcome_of(event_id) for user, event_id in ids.items()}
    assert [end["action"] or end["outcome"] for end in ends.values()] == [
        "updated",
        "created",
        "ignored",
    ]
    assert ends["ann"]["record_id"] == record["id"]
    assert shell.run(show) == ["nothing waits for a person"]


def three(shown: list[str]) -> list[str]:
    return shown if shown[-1].startswith("3 open") else []
