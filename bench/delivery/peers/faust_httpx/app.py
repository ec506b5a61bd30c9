"""The worker as Faust's own pages show it: an agent, and httpx.

`PEER_ACTORS` is the agent's concurrency. One actor keeps the log's order; more take
events side by side from one queue, whoever they are of, and lose it.
"""

from __future__ import annotations

import os
from typing import Any

import faust
import httpx
from faust.worker import Worker

from bench.delivery.peers import given

app = faust.App(
    given.GROUP,
    broker=f"kafka://{given.KAFKA}",
    value_serializer="raw",
    consumer_auto_offset_reset="earliest",
    broker_session_timeout=given.SESSION_SECONDS,
    topic_disable_leader=True,
    web_enabled=False,
)
events = app.topic(given.TOPIC, value_type=bytes)
crm = httpx.AsyncClient(
    base_url=given.CRM_URL,
    headers=given.CRM_HEADERS,
    timeout=given.CALL_SECONDS_MAX,
    limits=httpx.Limits(max_connections=given.CALLS_IN_FLIGHT_MAX),
    trust_env=False,
)


@app.agent(events, concurrency=int(os.environ["PEER_ACTORS"]))
async def deliver(stream: Any) -> None:
    """Make the call of each event."""
    async for value in stream:
        path, fields = given.patch_of(value)
        answer = await crm.patch(path, json=fields)
        answer.raise_for_status()


if __name__ == "__main__":
    Worker(app, loglevel="warning").execute_from_commandline()
