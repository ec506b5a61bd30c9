"""What tests and a person ask of the sandbox beside the contacts: history, faults."""

from typing import Any

import msgspec
from aiohttp import web

from sandbox.crm.faults import BadFault, read_faults
from sandbox.crm.keys import ANSWERED, FAULTS, STORE, json_answer, refusal

routes = web.RouteTableDef()
HISTORY_MAX = 1000


def after_of(request: web.Request) -> int:
    """Return the sequence number after which to tell; raises 400 for other text."""
    text = request.query.get("after", "0")
    if not text.isascii() or not text.isdigit():
        raise web.HTTPBadRequest(text="after must be a sequence number")
    return int(text)


@routes.get("/history")
async def history(request: web.Request) -> web.Response:
    """Answer the next effects after a sequence number, oldest first."""
    effects = request.app[STORE].history(after=after_of(request), limit=HISTORY_MAX)
    return json_answer(effects)


@routes.get("/requests")
async def requests(request: web.Request) -> web.Response:
    """Answer the calls to /contacts after a sequence number, oldest first.

    Kept in memory only, and only the last ten thousand.
    """
    after = after_of(request)
    return json_answer([one for one in request.app[ANSWERED] if one.sequence > after])


@routes.get("/faults")
async def read(request: web.Request) -> web.Response:
    """Answer the programmed faults and how often each struck."""
    return json_answer(_programmed(request))


@routes.put("/faults")
async def put(request: web.Request) -> web.Response:
    """Replace all faults by the JSON list that is sent."""
    try:
        request.app[FAULTS].put(read_faults(await request.read()))
    except BadFault as error:
        return refusal(400, str(error))
    return json_answer(_programmed(request))


@routes.delete("/faults")
async def clear(request: web.Request) -> web.Response:
    """End all faults."""
    request.app[FAULTS].put([])
    return web.Response(status=204)


def _programmed(request: web.Request) -> list[dict[str, Any]]:
    return [
        {"fault": msgspec.to_builtins(one.fault), "struck": one.struck}
        for one in request.app[FAULTS].programmed
    ]
