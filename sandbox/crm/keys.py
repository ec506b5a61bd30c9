"""What the handlers of the CRM share with the application they belong to."""

from collections import deque
from collections.abc import Mapping
from typing import Any

import msgspec
from aiohttp import web

from sandbox.crm.faults import FaultProgram
from sandbox.crm.history import Answered
from sandbox.crm.store import ContactStore

CONTACTS_PATH = "/contacts"
STORE = web.AppKey("store", ContactStore)
FAULTS = web.AppKey("faults", FaultProgram)
ANSWERED = web.AppKey("answered", deque[Answered])


def json_answer(
    value: Any, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """Return *value* as a JSON answer."""
    return web.Response(
        body=msgspec.json.encode(value),
        status=status,
        headers=headers,
        content_type="application/json",
    )


def refusal(
    status: int, reason: str, headers: Mapping[str, str] | None = None
) -> web.Response:
    """Return an answer that says why the CRM did nothing."""
    return json_answer({"error": reason}, status, headers)
