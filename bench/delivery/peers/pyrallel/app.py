"""The worker as a careful team would write it with pyrallel-consumer, beside ours.

In key order: a user's events one after another, users side by side. It makes the same
call with the same client; it keeps no link, compares no versions and writes no outcome.
All other settings are the defaults: polling 100 or 5,000 at a time was not faster.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
from typing import Any

import aiohttp
from pyrallel_consumer.config import (  # type: ignore[import-not-found]  # it lives in an environment of its own
    KafkaConfig,
)
from pyrallel_consumer.consumer import (  # type: ignore[import-not-found]  # as above
    PyrallelConsumer,
)
from pyrallel_consumer.dto import (  # type: ignore[import-not-found]  # as above
    ExecutionMode,
    OrderingMode,
    WorkItem,
)

CALLS_IN_FLIGHT_MAX = int(os.environ["PEER_CALLS_IN_FLIGHT_MAX"])
CALL_SECONDS_MAX = 10.0
FIELDS = {
    "email": "email",
    "name": "name",
    "given_name": "given_name",
    "family_name": "family_name",
    "phone": "phone_number",
}


def _config() -> KafkaConfig:
    config = KafkaConfig(
        BOOTSTRAP_SERVERS=os.environ["PEER_KAFKA"],
        CONSUMER_GROUP=os.environ["PEER_GROUP"],
    )
    parallel = config.parallel_consumer
    parallel.ordering_mode = OrderingMode.KEY_HASH
    parallel.execution.mode = ExecutionMode.ASYNC
    parallel.execution.max_in_flight = CALLS_IN_FLIGHT_MAX
    return config


async def main() -> None:
    """Consume until SIGTERM."""
    base_url = os.environ["BENCH_CRM_URL"]
    authorization = f"Bearer {os.environ['BENCH_CRM_TOKEN']}"
    connector = aiohttp.TCPConnector(limit=CALLS_IN_FLIGHT_MAX)
    timeout = aiohttp.ClientTimeout(total=CALL_SECONDS_MAX)
    async with aiohttp.ClientSession(
        connector=connector, timeout=timeout, headers={"authorization": authorization}
    ) as session:

        async def deliver(item: WorkItem) -> None:
            profile: dict[str, Any] = json.loads(item.payload)["data"]["object"]
            contact = profile["app_metadata"]["crm_contact_id"]
            found = {field: profile.get(path) for field, path in FIELDS.items()}
            fields = {field: value for field, value in found.items() if value}
            url = f"{base_url}/contacts/{contact}"
            async with session.patch(url, json=fields) as response:
                response.raise_for_status()
                await response.read()

        consumer = PyrallelConsumer(_config(), deliver, os.environ["PEER_TOPIC"])
        await consumer.start()
        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        await stop.wait()
        await consumer.stop()


if __name__ == "__main__":
    asyncio.run(main())
