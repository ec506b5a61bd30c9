"""The page that connects a tenant: its commands, run against what really runs.

Of Auth0's command line stands there a program that notes what it was told.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.pages import Page, Shell
from tests.support.pipeline import Pipeline, running_pipeline
from tests.support.worker import hasty

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(240)]
SECRET, CHECK, VERIFY, STREAM, TERRAFORM, STATUS = Page("connect-a-tenant.md").commands
EXAMPLE_URL = "https://events.example.com/webhooks/auth0"
NAME = "KEEPSTEP_INGEST_BEARER_TOKENS"
NOTES = """#!/bin/sh
for argument in "$@"; do printf '%s\\0' "$argument"; done > told
"""


@pytest.fixture
def pipeline(kafka: str, installation: str, tmp_path: Path) -> Iterator[Pipeline]:
    told = {"KEEPSTEP_WORKER_DESTINATIONS_DIR": hasty(tmp_path)}
    with running_pipeline(kafka, installation, tmp_path, **told) as running:
        yield running


def test_the_page_leads_from_a_secret_to_a_verified_destination(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    shell = Shell(pipeline, tmp_path)
    auth0 = tmp_path / "bin" / "auth0"
    auth0.write_text(NOTES)
    auth0.chmod(0o755)

    shell.run(SECRET)
    env = tmp_path / ".env"
    token = env.read_text().removeprefix(f"{NAME}=").strip()
    shell.run(STREAM)
    [own] = pipeline.ingest.authorization.values()
    env.write_text(
        f"{NAME}={own.removeprefix('Bearer ')}\n"
        f"KEEPSTEP_WORKER_DESTINATIONS_DIR={tmp_path}\n"
        f"KEEPSTEP_CRM_URL={pipeline.crm.base_url}\n"
        f"KEEPSTEP_CRM_TOKEN={pipeline.crm.token}\n"
    )

    assert "ok" in shell.run(CHECK)[-1]
    verified = shell.run(VERIFY, (EXAMPLE_URL, pipeline.ingest.url))
    assert verified[-1] == "cleaned up: the record is removed"
    assert shell.run(STATUS)
    assert re.fullmatch("[0-9a-f]{64}", token)
    told = (tmp_path / "told").read_text().split("\0")
    assert json.loads(told[told.index("--configuration") + 1]) == {
        "webhook_endpoint": EXAMPLE_URL,
        "webhook_authorization": {"method": "bearer", "token": token},
    }


def test_terraform_makes_the_stream_that_the_command_line_makes() -> None:
    listed = re.search(r'--subscriptions "([^"]+)"', STREAM)
    written = re.search(r"subscriptions += (\[.*\])", TERRAFORM)

    assert listed is not None
    assert written is not None
    assert json.loads(written[1]) == listed[1].split(",")
    assert f'"{EXAMPLE_URL}"' in TERRAFORM
