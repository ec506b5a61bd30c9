"""The header that says who we are, and what is tried when it is refused."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Protocol

from processors.rest.auth import Basic, Bearer, Header
from processors.rest.secret import Secret

Headers = Mapping[str, str]


class Credentials(Protocol):
    """Gives the headers of each request."""

    async def headers(self) -> Headers:
        """Return what says who we are."""

    async def instead_of(self, refused: Headers) -> Headers | None:
        """Return what may be taken where *refused* was not; None where all was tried.

        To be asked once for each call.
        """


class Fixed:
    """A token or password, read anew from its file when it is refused."""

    def __init__(self, auth: Bearer | Basic | Header) -> None:
        self._auth = auth
        self._headers = _headers_of(auth)

    async def headers(self) -> Headers:
        """Return the header as it was read last."""
        return self._headers

    async def instead_of(self, refused: Headers) -> Headers | None:
        """Return the header with the secret as it is now, if that is another."""
        if self._headers == refused:
            try:
                self._headers = _headers_of(self._auth)
            except OSError:  # the file is being changed: the gate's probe asks again
                return None
        return None if self._headers == refused else self._headers


def _headers_of(auth: Bearer | Basic | Header) -> Headers:
    match auth:
        case Bearer(token=token):
            return bearer(token.now())
        case Basic(username=name, password=password):
            return basic(name, password)
        case Header(name=name, value=value):
            return {name: value.now()}


def bearer(token: str) -> Headers:
    """Return the header of RFC 6750."""
    return {"authorization": f"Bearer {token}"}


def basic(name: str, password: Secret) -> Headers:
    """Return the header of RFC 7617."""
    both = f"{name}:{password.now()}".encode()
    return {"authorization": f"Basic {base64.b64encode(both).decode()}"}
