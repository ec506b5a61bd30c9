"""OAuth2 client credentials: one token for all calls, renewed by one of them."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import aiohttp

from processors.delivery.verdict import Unavailable
from processors.rest.auth import ClientCredentials
from processors.rest.bodies import FORM
from processors.rest.credentials import Headers, basic, bearer
from processors.rest.leased import Answer, LeasedSession
from processors.rest.slow_down import refused_seconds
from processors.rest.transport import LeaseLost, watched
from processors.rest.url import below

TOKEN_CHARACTERS_MAX = 16_384
ANSWER_BYTES_MAX = 65_536
# A token that ends within it is renewed: a call under way must not outlive it.
SPARE_SECONDS = 30.0


class NoToken(Exception):
    """The server gave no token: no call can be made."""

    def __init__(self, meaning: Unavailable) -> None:
        super().__init__(meaning.reason)
        self.meaning = meaning


@dataclass(frozen=True)
class _Token:
    text: str = field(repr=False)
    ends_at: float | None  # of the monotonic clock

    @property
    def headers(self) -> Headers:
        return bearer(self.text)

    @property
    def lasts(self) -> bool:
        return self.ends_at is None or time.monotonic() < self.ends_at


class Tokens:
    """Fetches tokens by the same leased session as calls, and from one URL only."""

    def __init__(
        self,
        auth: ClientCredentials,
        base_url: str,
        session: LeasedSession,
        let_go: Callable[[], Awaitable[object]],
    ) -> None:
        """Ask *let_go* before each request to the destination itself."""
        self._auth = auth
        self._inside = auth.token_url.startswith("/")
        self._url = below(base_url, auth.token_url) if self._inside else auth.token_url
        self._let_go = let_go
        self._session = session
        self._token: _Token | None = None
        self._renewing = asyncio.Lock()
        self._renewals = 0
        self._failure: NoToken | None = None

    async def headers(self) -> Headers:
        """Return the header with a token that lasts.

        Raises:
            NoToken: None was given.
            LeaseLost: This worker may not call any more.
        """
        token = self._token
        if token is None or not token.lasts:
            token = await self._another_than(token)
        return token.headers

    async def instead_of(self, refused: Headers) -> Headers | None:
        """Return the header with another token, a new one where nobody has it yet.

        Raises:
            NoToken: None was given.
            LeaseLost: This worker may not call any more.
        """
        token = self._token
        if token is None or token.headers == refused:
            token = await self._another_than(token)
        return token.headers

    async def _another_than(self, old: _Token | None) -> _Token:
        """Renew the token; who waits for another's renewal shares how it ends."""
        begun = self._renewals
        async with self._renewing:
            if self._renewals > begun and self._failure is not None:
                raise self._failure
            if self._token is None or self._token is old:
                self._failure = None
                try:
                    self._token = await self._fetched()
                except NoToken as failure:
                    self._token, self._failure = None, failure
                    raise
                finally:
                    self._renewals += 1
            return self._token

    async def _fetched(self) -> _Token:
        auth = self._auth
        asked = {"grant_type": "client_credentials"}
        if auth.scope is not None:
            asked["scope"] = auth.scope
        headers = {"content-type": FORM}
        if auth.client_in == "header":
            headers |= basic(auth.client_id, auth.client_secret)
        else:
            asked["client_id"] = auth.client_id
            asked["client_secret"] = auth.client_secret.now()
        body = urlencode(asked).encode()
        if self._inside:
            await self._let_go()
        try:
            with watched():
                answer = await self._session.send(
                    "POST", self._url, body, ANSWER_BYTES_MAX, headers
                )
        except LeaseLost:
            # Of the call itself nothing has left, whatever has of this request.
            raise LeaseLost(maybe_effect=False) from None
        except aiohttp.ClientError as error:
            reason = f"token: {type(error).__name__}"
            raise NoToken(Unavailable("unreachable", reason)) from error
        return _read(answer)


def _read(answer: Answer) -> _Token:
    if answer.status != 200:  # noqa: PLR2004 -- RFC 6749, section 5.1: no other
        raise NoToken(_refusal(answer))
    try:
        said: Any = json.loads(answer.body or b"")
        text = said["access_token"]
        kind = said.get("token_type", "bearer").lower()
        seconds = said.get("expires_in")
        lasting = None if seconds is None else float(seconds)
        usable = text.isascii() and text.isprintable() and " " not in text
        if not usable or not 0 < len(text) <= TOKEN_CHARACTERS_MAX or kind != "bearer":
            raise ValueError  # noqa: TRY301 -- one end for all that is no token
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise NoToken(Unavailable("unreachable", "token: bad answer")) from None
    if lasting is None:
        return _Token(text, None)
    return _Token(text, time.monotonic() + max(lasting - SPARE_SECONDS, lasting / 2))


def _refusal(answer: Answer) -> Unavailable:
    reason = f"token: HTTP {answer.status}"
    if answer.status in (400, 401, 403):
        return Unavailable("auth", reason)
    if answer.status == 429:  # noqa: PLR2004 -- HTTP's own number
        named = refused_seconds(answer.headers, answer.body or b"", time.time())
        return Unavailable("limited", reason, named)
    return Unavailable("unreachable", reason)
