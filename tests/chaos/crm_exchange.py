"""One request on its way through the stand-in CRM."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

import msgspec
from aiohttp import web

from tests.chaos.crm_moods import Strike
from tests.chaos.crm_store import Contact
from tests.history.records import Request

HANG_SECONDS_MAX = 30.0
LOOK_SECONDS = 0.05


@dataclass(slots=True)
class Exchange:
    """What is asked, what strikes, and what came of it."""

    request: web.Request
    strike: Strike
    arrived_at: float = field(default_factory=time.time)
    contact: Contact | None = None
    seq: Any = None
    mood: str | None = None
    effect_at: float | None = None
    answered: Any = "lost"

    def took_effect(self, contact: Contact) -> None:
        """Note that *contact* has been changed now."""
        self.contact, self.mood = contact, contact.mood
        self.effect_at = time.time()

    async def answer(self, body: Any) -> web.StreamResponse:
        """Answer with *body*, 404 without one; or badly, or not at all."""
        await asyncio.sleep(self.strike.seconds)
        if self.strike.kind == "hang":
            await self._until_gone()
        if self.strike.kind in ("hang", "reset"):
            if self.request.transport is not None:
                self.request.transport.abort()
            return web.Response()
        status = self.strike.status if body is not None else 404
        self.answered = "ok" if status == 200 else status
        return web.Response(
            body=msgspec.json.encode(body),
            status=status,
            content_type="application/json",
            headers={"Retry-After": "1"} if status == 429 else None,
        )

    async def _until_gone(self) -> None:
        deadline = time.monotonic() + HANG_SECONDS_MAX
        while time.monotonic() < deadline:
            if self.request.transport is None or self.request.transport.is_closing():
                return
            await asyncio.sleep(LOOK_SECONDS)

    def record(self) -> Request:
        """Return what the history checker reads."""
        contact = self.contact
        return Request(
            arrived_at=self.arrived_at,
            ended_at=time.time(),
            call=self.request.headers.get("x-call"),
            method=self.request.method,
            answer=self.answered,
            user_id=None if contact is None else contact.user_id,
            record=None if contact is None else contact.id,
            seq=self.seq,
            mood=self.mood,
            effect_at=self.effect_at,
        )
