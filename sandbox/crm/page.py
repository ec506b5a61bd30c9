"""The page at `/`: contacts and their last changes, as they happen."""

import asyncio
from contextlib import suppress
from importlib.resources import files
from pathlib import Path

import jinja2
from aiohttp import web

from sandbox.crm.contact import Contact
from sandbox.crm.history import Effect
from sandbox.crm.keys import STORE

CONTACTS_SHOWN_MAX = 200
EFFECTS_SHOWN_MAX = 50
VIEWERS_MAX = 32
QUIET_SECONDS_MAX = 15.0
LOOK_SECONDS = 0.25  # between two looks for news: four redraws a second at most
OPEN_PATHS = frozenset({"/", "/live"})
ASSETS = Path(str(files("sandbox.crm")))
STOPPING = web.AppKey("stopping", asyncio.Event)
VIEWERS = web.AppKey("viewers", asyncio.Semaphore)
SAFE = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}

templates = jinja2.Environment(
    loader=jinja2.FileSystemLoader(ASSETS / "templates"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
)


def is_open(request: web.Request) -> bool:
    """Tell whether *request* is the page's own, which needs no token."""
    return request.path in OPEN_PATHS or request.path.startswith("/static/")


def add_to(application: web.Application) -> None:
    """Add the page, its style and script, and its stream of news."""
    application[STOPPING] = asyncio.Event()
    application[VIEWERS] = asyncio.Semaphore(VIEWERS_MAX)
    application.router.add_get("/", show)
    application.router.add_get("/live", live)
    application.router.add_static("/static/", ASSETS / "static")
    application.on_shutdown.append(_end_streams)


async def show(request: web.Request) -> web.Response:
    """Answer the whole page; it reads well without its script."""
    store = request.app[STORE]
    contact_count, sequence = store.counts()
    contacts = store.find({}, limit=CONTACTS_SHOWN_MAX)
    effects = store.newest_effects(EFFECTS_SHOWN_MAX)
    text = templates.get_template("contacts.html").render(
        contacts=contacts,
        effects=effects,
        names=names_of(contacts, effects),
        contact_count=contact_count,
        sequence=sequence,
    )
    return web.Response(text=text, content_type="text/html", headers=SAFE)


def names_of(contacts: list[Contact], effects: list[Effect]) -> dict[str, str | None]:
    """Return a name for each contact id, of deleted ones the last that was told."""
    told = {
        effect.contact_id: names["to"] or names["from"]
        for effect in reversed(effects)
        if (names := effect.changes.get("name"))
    }
    return told | {contact["id"]: contact["name"] for contact in contacts}


async def live(request: web.Request) -> web.StreamResponse:
    """Send the sequence of the last effect whenever it grew (Server-Sent Events)."""
    viewers = request.app[VIEWERS]
    if viewers.locked():
        raise web.HTTPServiceUnavailable(text="too many open pages")
    async with viewers:
        return await _tell_news(request)


async def _tell_news(request: web.Request) -> web.StreamResponse:
    stream = web.StreamResponse(headers={"Content-Type": "text/event-stream", **SAFE})
    stopping, store = request.app[STOPPING], request.app[STORE]
    told, quiet_looks = -1, 0
    with suppress(ConnectionResetError):  # the page was closed
        await stream.prepare(request)
        while not await _set_within(stopping, LOOK_SECONDS if told >= 0 else 0):
            _, sequence = store.counts()
            quiet_looks += 1
            if sequence != told:
                await stream.write(b"data: %d\n\n" % sequence)
                told, quiet_looks = sequence, 0
            elif quiet_looks * LOOK_SECONDS >= QUIET_SECONDS_MAX:
                # A comment line, so that a closed page is noticed and given up.
                await stream.write(b":\n\n")
                quiet_looks = 0
    return stream


async def _set_within(event: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False


async def _end_streams(application: web.Application) -> None:
    application[STOPPING].set()
