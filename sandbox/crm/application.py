"""Puts the CRM together: who may call, which fault strikes, what is remembered."""

import hmac
import time
from collections import deque

from aiohttp import web
from aiohttp.typedefs import Middleware

from sandbox.crm import api, control, page
from sandbox.crm.faults import FaultProgram, Strike
from sandbox.crm.history import Answered, now_text
from sandbox.crm.keys import ANSWERED, CONTACTS_PATH, FAULTS, STORE, refusal
from sandbox.crm.store import ContactStore
from sandbox.crm.strikes import Cut, Handler, answer_under

BODY_BYTES_MAX = 1024**2
REMEMBERED_MAX = 10_000


def create_application(
    store: ContactStore, program: FaultProgram, token: str
) -> web.Application:
    """Return the CRM over *store*; every call but the page's needs *token*."""
    crm = web.Application(
        client_max_size=BODY_BYTES_MAX,
        middlewares=[bearer_only(token), remembered_under_faults],
    )
    crm[STORE] = store
    crm[FAULTS] = program
    crm[ANSWERED] = deque(maxlen=REMEMBERED_MAX)
    crm.add_routes(api.routes)
    crm.add_routes(control.routes)
    page.add_to(crm)
    return crm


def bearer_only(token: str) -> Middleware:
    """Return a middleware that answers 401 without the token, save to the page."""
    expected = f"Bearer {token}".encode()

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get("Authorization", "").encode("utf-8", "replace")
        if page.is_open(request) or hmac.compare_digest(given, expected):
            return await handler(request)
        reason = "a bearer token is needed, and this is not it"
        return refusal(401, reason, {"WWW-Authenticate": "Bearer"})

    return check


@web.middleware
async def remembered_under_faults(
    request: web.Request, handler: Handler
) -> web.StreamResponse:
    """Let the programmed faults strike calls to /contacts, and remember each call."""
    if not request.path.startswith(CONTACTS_PATH):
        return await handler(request)
    time_text, began = now_text(), time.monotonic()
    strike = request.app[FAULTS].strike(request.method, request.path)
    answer = await answer_under(strike, request, handler)
    answered = request.app[ANSWERED]
    answered.append(
        Answered(
            sequence=answered[-1].sequence + 1 if answered else 1,
            time=time_text,
            method=request.method,
            path=request.path,
            query=dict(request.query),
            status=None if isinstance(answer, Cut) else answer.status,
            fault=name_of(strike),
            duration_seconds=time.monotonic() - began,
        )
    )
    return answer


def name_of(strike: Strike) -> str | None:
    """Return the kind of the fault that struck, or None."""
    if strike.fault is not None:
        return str(strike.fault.__struct_config__.tag)
    return "latency" if strike.latency_seconds else None
