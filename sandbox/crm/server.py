"""Serves the CRM until it is told to stop."""

import asyncio
import signal
from collections.abc import Callable, Sequence
from pathlib import Path

from aiohttp import web

from sandbox.crm.application import create_application
from sandbox.crm.faults import Fault, FaultProgram
from sandbox.crm.store import ContactStore

STOP_SECONDS_MAX = 0.5  # what calls in flight get to finish; aiohttp waits twice


async def serve(
    address: tuple[str, int],
    database: Path | None,
    token: str,
    faults: Sequence[Fault],
    on_ready: Callable[[str], None],
) -> None:
    """Serve until SIGTERM or SIGINT; *on_ready* gets the base URL.

    Port 0 takes a free one. Raises OSError where the address cannot be had.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    program = FaultProgram()
    program.put(faults)
    with ContactStore(database) as store:
        runner = web.AppRunner(
            create_application(store, program, token),
            access_log=None,
            shutdown_timeout=STOP_SECONDS_MAX,
        )
        await runner.setup()
        try:
            site = web.TCPSite(runner, *address)
            await site.start()
            host, port = runner.addresses[0][:2]
            on_ready(f"http://{f'[{host}]' if ':' in host else host}:{port}")
            await stop.wait()
        finally:
            await runner.cleanup()
