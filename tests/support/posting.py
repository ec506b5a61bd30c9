"""Posts bodies to the webhook over one kept connection, as Auth0's client does."""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Answered:
    """What the webhook said; status 0 = the connection broke before an answer."""

    status: int
    headers: Mapping[str, str]


class Poster:
    """A client of one webhook; a broken connection is opened anew by the next post."""

    def __init__(
        self,
        url: str,
        headers: Mapping[str, str],
        *,
        timeout_seconds: float = 15.0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        parts = urlsplit(url)
        host = parts.hostname or ""
        self.path = parts.path
        self.headers = dict(headers)
        if tls is None:
            self._connection = HTTPConnection(host, parts.port, timeout=timeout_seconds)
        else:
            self._connection = HTTPSConnection(
                host, parts.port, timeout=timeout_seconds, context=tls
            )

    def post(self, body: bytes, headers: Mapping[str, str] | None = None) -> Answered:
        """Post *body*; *headers* come on top, those with an empty value go away."""
        return self.send("POST", self.path, body, headers)

    def send(
        self,
        method: str,
        path: str,
        body: bytes | None,
        headers: Mapping[str, str] | None = None,
    ) -> Answered:
        """Send any request."""
        merged = {n: v for n, v in (self.headers | dict(headers or {})).items() if v}
        try:
            self._connection.request(method, path, body, merged)
            answer = self._connection.getresponse()
            answer.read()
        except (OSError, HTTPException):
            self._connection.close()
            return Answered(0, {})
        return Answered(answer.status, {n.lower(): v for n, v in answer.getheaders()})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._connection.close()


def an_event(
    user_id: str, event_id: str, kind: str = "user.created", **profile: Any
) -> bytes:
    """Return a small event of the published shape."""
    return json.dumps(
        {
            "specversion": "1.0",
            "type": kind,
            "source": "urn:auth0:acme.auth0.com",
            "id": event_id,
            "time": "2026-01-02T03:04:05.678Z",
            "data": {"object": {"user_id": user_id, **profile}},
        }
    ).encode()
