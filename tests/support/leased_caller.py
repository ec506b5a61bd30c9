"""A process that makes calls side by side for as long as it keeps its lease.

Each line that it reads is a new lease; when that is lost and every call has ended it
says so in a line. Run it as `python -m tests.support.leased_caller <loop> <base_url>`.
"""

from __future__ import annotations

import asyncio
import sys
import time
from itertools import cycle

import uvloop

from processors.correlation.calls import Create, Deactivate, Delete, Find, Update
from processors.correlation.rules import Lookup
from processors.rest.client import RestClient
from processors.rest.transport import LeaseLost
from tests.support.destination import connection
from tests.support.first_bytes import trusting

LEASE_SECONDS = 0.5
CALLERS = 24
CALLS = (
    Update("7", {"email": "a@example.com"}),
    Create({"email": "a@example.com"}),
    Delete("7"),
    Deactivate("7"),
    Find("a@example.com"),
)


class Lease:
    """Held until so long after its last renewal; once lost, lost for ever."""

    def __init__(self) -> None:
        self._until = time.monotonic() + LEASE_SECONDS

    def __call__(self) -> bool:
        return time.monotonic() < self._until

    async def renew(self) -> None:
        while self():
            self._until = time.monotonic() + LEASE_SECONDS
            await asyncio.sleep(LEASE_SECONDS / 20)


async def call_until_lost(client: RestClient, first: int) -> None:
    for call in cycle(CALLS[first:] + CALLS[:first]):
        try:
            await client.call(call)
        except LeaseLost:
            return


async def one_lease(base_url: str) -> None:
    lease = Lease()
    async with RestClient(
        connection(base_url, timeout_seconds=10.0),
        Lookup(),
        lease,
        verify=trusting(),
    ) as client:
        callers = [call_until_lost(client, n % len(CALLS)) for n in range(CALLERS)]
        await asyncio.gather(lease.renew(), *callers)


def main() -> None:
    loop, base_url = sys.argv[1:]
    factory = uvloop.new_event_loop if loop == "uvloop" else asyncio.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        for _ in sys.stdin:
            runner.run(one_lease(base_url))
            print("lost", flush=True)  # noqa: T201 -- the one who started us waits for it


if __name__ == "__main__":
    main()
