"""Clients with each kind of credentials, and a server that gives tokens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from processors.correlation.calls import Update
from processors.correlation.rules import Lookup
from processors.rest.client import RestClient
from processors.rest.secret import Secret
from tests.support.answering import Got, Said
from tests.support.destination import connection

SECRET = "s3cret&of=client"
UPDATE = Update("1", {"name": "x"})


def secret(value: str = SECRET) -> Secret:
    return Secret(lambda: value)


def client_of(
    base_url: str,
    auth: dict[str, Any],
    lease: Callable[[], bool] = lambda: True,
    **changes: Any,
) -> RestClient:
    made = connection(base_url, auth=auth, timeout_seconds=5.0, **changes)
    return RestClient(made, Lookup(), lease)


def credentials(at: str = "/oauth/token", **more: Any) -> dict[str, Any]:
    return {
        "type": "oauth2_client_credentials",
        "token_url": at,
        "client_id": "me",
        "client_secret": secret(),
        **more,
    }


def giving(*tokens: Said) -> Callable[[Got], Said]:
    """Give these answers to requests for a token, and 200 to all else."""
    left = list(tokens)

    def answer(got: Got) -> Said:
        if got.path == "/oauth/token":
            return left.pop(0) if len(left) > 1 else left[0]
        return Said(200, [] if got.method == "GET" else {})

    return answer


def token(text: str, **more: Any) -> Said:
    return Said(200, {"access_token": text, "token_type": "Bearer", **more})
