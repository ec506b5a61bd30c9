"""A stand-in CRM that misbehaves: python -m tests.chaos.crm <port> <seed> <directory>.

It has the API that `destinations/crm.toml` describes, and writes `effects.jsonl`.
`POST /outage?kind=…&seconds=…` puts the whole of it at fault for a while.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import msgspec
import uvloop
from aiohttp import web

from tests.chaos.crm_exchange import Exchange
from tests.chaos.crm_moods import Moods
from tests.chaos.crm_store import Contact, Contacts, sent
from tests.chaos.notes import Notes
from tests.history.records import DELETED


class Crm:
    """Answers requests about contacts as its moods have it."""

    def __init__(self, port: int, moods: Moods, directory: Path) -> None:
        self._port = port
        self._moods = moods
        self._contacts = Contacts()
        self._notes = Notes(directory / "effects.jsonl")

    async def serve(self) -> None:
        """Serve until the process is ended."""
        application = web.Application()
        application.router.add_route("*", "/contacts", self._contact)
        application.router.add_route("*", "/contacts/{id}", self._contact)
        application.router.add_post("/outage", self._outage)
        application.router.add_get("/readyz", self._ready)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        while True:
            listening = web.TCPSite(runner, "127.0.0.1", self._port)
            await listening.start()
            seconds = await self._moods.until_refusing()
            await listening.stop()
            await asyncio.sleep(seconds)

    async def _contact(self, request: web.Request) -> web.StreamResponse:
        sought = request.query.get("email") or request.query.get("auth0_user_id", "")
        user = request.match_info.get("id") or sought
        exchange = Exchange(request, self._moods.strike(user))
        try:
            body = await self._change(exchange, request)
            return await exchange.answer(body)
        finally:
            self._notes.write(exchange.record())

    async def _change(self, exchange: Exchange, request: web.Request) -> Any:
        """Do what is asked for; return what is to be answered, None for a 404."""
        if request.method == "GET":
            found = self._contacts.find(request.query)
            return [_shown(contact) for contact in found]
        fields = msgspec.json.decode(await request.read() or b"{}")
        exchange.seq = DELETED if request.method == "DELETE" else sent(fields)
        contact = self._contacts.get(request.match_info.get("id", ""))
        exchange.contact = contact
        if not exchange.strike.effect:
            return {}
        if request.method == "POST":
            contact = self._contacts.create(fields)
        elif contact is not None and request.method == "DELETE":
            self._contacts.delete(contact)
        elif contact is not None:
            contact.fields |= fields
        if contact is not None:
            exchange.took_effect(contact)
        return contact and _shown(contact)

    async def _outage(self, request: web.Request) -> web.Response:
        kind: Any = request.query["kind"]
        self._moods.begin(kind, float(request.query["seconds"]))
        return web.Response()

    async def _ready(self, _: web.Request) -> web.Response:
        return web.Response()


def _shown(contact: Contact) -> dict[str, Any]:
    return {**contact.fields, "id": contact.id}


if __name__ == "__main__":
    port, seed, path = sys.argv[1:]
    uvloop.run(Crm(int(port), Moods(int(seed)), Path(path)).serve())
