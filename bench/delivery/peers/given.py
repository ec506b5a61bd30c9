"""What a peer is given: where Kafka and the CRM are, and which call an event asks for.

Standard library only, for peers live in environments of their own.
"""

from __future__ import annotations

import json
import os
from typing import Any

KAFKA = os.environ["PEER_KAFKA"]
TOPIC = os.environ["PEER_TOPIC"]
GROUP = os.environ["PEER_GROUP"]
CALLS_IN_FLIGHT_MAX = int(os.environ["PEER_CALLS_IN_FLIGHT_MAX"])
SESSION_SECONDS = int(os.environ["PEER_SESSION_SECONDS"])
CRM_URL = os.environ["BENCH_CRM_URL"]
CRM_HEADERS = {"authorization": f"Bearer {os.environ['BENCH_CRM_TOKEN']}"}
CALL_SECONDS_MAX = 10.0
FIELDS = {
    "email": "email",
    "name": "name",
    "given_name": "given_name",
    "family_name": "family_name",
    "phone": "phone_number",
}


def patch_of(value: bytes | str) -> tuple[str, dict[str, str]]:
    """Return the path and the body of the PATCH that an event asks for."""
    return patch_of_event(json.loads(value))


def patch_of_event(event: dict[str, Any]) -> tuple[str, dict[str, str]]:
    """Return the same for an event that was read already."""
    profile = event["data"]["object"]
    found = {field: profile.get(path) for field, path in FIELDS.items()}
    fields = {field: value for field, value in found.items() if value}
    return f"/contacts/{profile['app_metadata']['crm_contact_id']}", fields
