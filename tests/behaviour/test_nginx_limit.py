"""A destination whose file says ten times too much, and which only answers 429.

Real: Kafka, the worker's process, nginx with `limit_req`, the example CRM behind it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.eventually import eventually
from tests.support.feed import Feed
from tests.support.nginx import needs_nginx, running_nginx
from tests.support.pipeline import running_before
from tests.support.sandbox_crm import running_crm
from tests.support.several import with_rate

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.alone,
    pytest.mark.timeout(300),
    needs_nginx,
]
RATE = 10  # calls a second, none closer to another than a 10th
TEN_TIMES = f"{{calls = {10 * RATE}, per_seconds = 1}}"
FOUND_SECONDS, MEASURED_SECONDS = 60.0, 60.0
USERS = 1_000  # of three calls each: more than there is time for


def test_a_rate_ten_times_too_high_is_found_to_be_so_within_a_minute(
    kafka: str, installation: str, tmp_path: Path
) -> None:
    told = {"KEEPSTEP_WORKER_DESTINATIONS_DIR": with_rate(tmp_path, TEN_TIMES)}
    with (
        running_crm(tmp_path) as crm,
        running_nginx(tmp_path, crm.base_url, RATE) as nginx,
        running_before(
            crm, kafka, installation, KEEPSTEP_CRM_URL=nginx.url, **told
        ) as pipeline,
    ):
        feed = Feed(pipeline)
        for user in range(USERS):
            feed.publish(user)
        feed.flush()
        first_at = eventually(nginx.last_at)
        since = first_at + FOUND_SECONDS
        until = since + MEASURED_SECONDS
        eventually(lambda: nginx.last_at() >= until, 2 * (until - first_at))
        feed.close()
        statuses = [status for at, status in nginx.calls() if since <= at < until]

    refused = statuses.count(429)
    assert len(statuses) - refused >= 0.9 * RATE * MEASURED_SECONDS
    assert refused <= 0.01 * len(statuses)
