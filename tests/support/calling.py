"""One call to a server that gives the answers it is told."""

from __future__ import annotations

from typing import Any

from processors.correlation.rules import Lookup
from processors.rest.client import Response, RestClient
from tests.support.answering import Server
from tests.support.destination import connection

EMAILS = [
    "a&b=c@example.com",
    "a+b@example.com",
    "o'neil@example.com",
    '"a b"@example.com',
    "ünï@exämple.com",
    "a%2e@example.com",
    "a#b?c@example.com",
    "x@example.com/../admin",
]
IDS = [
    *("../admin", "..", ".", "%2e%2e/x", "1?role=admin", "1#x", "a/b", "", "a\\b"),
    *("x" * 10_240, "a\u200fb", "a\u202eb", "a b", "a\nb", "\u0000"),
]
TOLERANT = Lookup(id_pattern=r"(?s).*", user_id_field="auth0_user_id")


async def called(
    server: Server, call: Any, lookup: Lookup = TOLERANT, **changes: Any
) -> Response:
    made = connection(server.base_url + "/v1", timeout_seconds=5.0, **changes)
    targets = ("email", "name")
    async with RestClient(made, lookup, lambda: True, targets=targets) as client:
        return await client.call(call)


def requests(**changes: Any) -> dict[str, Any]:
    plain = connection("http://x").requests.model_dump(exclude_defaults=True)
    return {**plain, **changes}
