"""Asks a worker's admin port whether the destination may be called, and why not."""

from __future__ import annotations

from http.client import HTTPConnection, HTTPException

import msgspec

from processors.settings import WorkerSettings

SECONDS_MAX = 2.0


class Gate(msgspec.Struct, frozen=True):
    """Whether calls are made; where not, why, and since when."""

    open: bool
    cause: str | None = None
    reason: str | None = None
    since: str | None = None


class _Readiness(msgspec.Struct, frozen=True):
    gate: Gate
    destination: str | None = None


def gate(settings: WorkerSettings, destination: str) -> Gate | str:
    """Return the gate as the worker at the admin port has it, or why it is unknown."""
    where = f"{settings.admin_host}:{settings.admin_port}"
    cure = "set KEEPSTEP_WORKER_ADMIN_HOST and KEEPSTEP_WORKER_ADMIN_PORT to a worker's"
    connection = HTTPConnection(
        settings.admin_host, settings.admin_port, timeout=SECONDS_MAX
    )
    try:
        connection.request("GET", "/status")
        body = connection.getresponse().read()
        found = msgspec.json.decode(body, type=_Readiness)
    except (OSError, HTTPException):
        return f"nobody answers at {where}: {cure}"
    except (msgspec.DecodeError, UnicodeDecodeError):
        return f"what answers at {where} says nothing of a gate: {cure}"
    finally:
        connection.close()
    if found.destination not in (None, destination):
        return f"the worker at {where} is one of {found.destination}: {cure}"
    return found.gate
