"""The commands of the how-to page about an existing CRM, run as a reader would."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from events import admin
from events.kafka import KafkaSettings
from events.topics import Topics
from tests.support.eventually import eventually
from tests.support.pages import Page, Shell
from tests.support.pipeline import PARTITIONS, Pipeline, running_pipeline
from tests.support.worker import hasty

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(240)]
PAGE = Page("first-day-on-an-existing-crm.md").commands


@pytest.fixture
def pipeline(kafka: str, installation: str, tmp_path: Path) -> Iterator[Pipeline]:
    reached = KafkaSettings(bootstrap_servers=kafka, replication_factor=1)
    topics = Topics(installation, PARTITIONS).all_of(["crm-observe"])
    admin.create(reached, topics)
    found = Path(hasty(tmp_path)) / "crm.toml"
    found.write_text(PAGE[0] + found.read_text())
    told = {"KEEPSTEP_WORKER_DESTINATIONS_DIR": str(tmp_path)}
    with running_pipeline(kafka, installation, tmp_path, **told) as running:
        yield running


def test_links_are_imported_looked_at_and_carried_over(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    _, write, import_, export, parked, link, again, carry_over, resync = PAGE
    shell = Shell(pipeline, tmp_path)

    shell.run(write)
    assert shell.run(import_)[0].startswith("sent: 1 links")
    eventually(lambda: len(shell.run(export)) == 1)
    assert shell.run(parked)
    assert shell.run(link) == ["sent", "done"]
    shell.run(again)

    assert len((tmp_path / "known.ndjson").read_text().splitlines()) == 2
    assert shell.run(carry_over)[0].startswith("sent: 2 links")
    assert shell.run(resync)[0].startswith("sent: resync the field name of 0 users")
    assert pipeline.crm.effects() == []
