"""A destination's connection, as a destination file would give it."""

from __future__ import annotations

from typing import Any

from processors.rest.connection import Connection
from processors.rest.secret import Secret

TIMEOUT_SECONDS = 0.5


def connection(base_url: str, **changes: Any) -> Connection:
    """Return a connection to *base_url* with the paths of the example CRM."""
    return Connection.model_validate(
        {
            "base_url": base_url,
            "timeout_seconds": TIMEOUT_SECONDS,
            "auth": {"token": Secret(lambda: "crm-token-of-a-test")},
            "limits": {"rates": [{"calls": 1000, "per_seconds": 1}]},
            "requests": {
                "find": {"path": "/contacts", "query": {"email": "{email}"}},
                "create": {"path": "/contacts"},
                "update": {"path": "/contacts/{id}"},
                "deactivate": {
                    "path": "/contacts/{id}",
                    "body": {"status": "deactivated"},
                },
                "restore": {"path": "/contacts/{id}", "body": {"status": "active"}},
                "delete": {"path": "/contacts/{id}"},
            },
            **changes,
        }
    )
