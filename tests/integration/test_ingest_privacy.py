"""Canaries in every field of an event: real process, real Kafka, all it says read."""

from __future__ import annotations

from typing import Any

import pytest

from events.topics import Topics
from tests.support.ingest import running_ingest
from tests.support.posting import Poster, an_event

pytestmark = pytest.mark.kafka

CANARIES: dict[str, Any] = {
    "email": "canary.bird@example.org",
    "phone_number": "+4915112345678",
    "given_name": "Kanarienvogel",
    "user_metadata": {"note": "Gefiederte-Notiz"},
}
WORDS = ("canary.bird", "4915112345678", "Kanarienvogel", "Gefiederte", "auth0|canary")
WRONG = "wrong-token-a7d93f1c5e"


def test_neither_log_nor_metrics_nor_health_tell_who_an_event_is_about(
    kafka: str, topics: Topics
) -> None:
    event = an_event("auth0|canary", "evt_1", **CANARIES)

    with (
        running_ingest(kafka, topics.installation) as ingest,
        Poster(ingest.url, ingest.authorization) as poster,
    ):
        statuses = [
            poster.post(event).status,
            poster.post(event[:-1]).status,
            poster.post(event.replace(b"user_id", b"nobody")).status,
            poster.post(event, {"Authorization": f"Bearer {WRONG}"}).status,
            poster.send("POST", "/canary.bird", event).status,
            poster.send("POST", "/webhooks/auth0\x7f?canary.bird", event).status,
        ]
        metrics = ingest.admin("/metrics")[1]
        health = ingest.admin("/readyz?verbose")[1]
        ingest.close()
        log = ingest.log
    said = metrics + health + log

    assert statuses[:5] == [202, 202, 202, 401, 404]
    assert 'keepstep_ingest_requests_total{code="202"} 3.0' in metrics
    for word in (*WORDS, WRONG, ingest.secret):
        assert word not in said
    assert log.count("\n") == 3  # started, reachable, stopping


def test_a_made_up_type_makes_no_time_series_of_its_own(
    kafka: str, topics: Topics
) -> None:
    with (
        running_ingest(kafka, topics.installation) as ingest,
        Poster(ingest.url, ingest.authorization) as poster,
    ):
        for number in range(20):
            poster.post(an_event("auth0|1", "evt_1", kind=f"made.up.{number}"))
        poster.post(an_event("auth0|1", "evt_1"))
        metrics = ingest.admin("/metrics")[1]

    assert "made.up" not in metrics
    other = 'keepstep_ingest_events_total{outcome="stored",type="other"} 20.0'
    known = 'keepstep_ingest_events_total{outcome="stored",type="user.created"} 1.0'
    assert other in metrics
    assert known in metrics
    assert "keepstep_ingest_produce_ack_seconds_count 21.0" in metrics
    assert "keepstep_ingest_build_info{version=" in metrics
    used = 'keepstep_ingest_credential_uses_total{credential="environment.bearer.1"}'
    assert f"{used} 21.0" in metrics
