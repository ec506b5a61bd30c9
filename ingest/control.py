"""Control events: tell the lanes of a merged user's other logins what became of them.

Auth0 reports a merge as `user.deleted` of one login and `user.updated` of the other,
in any order, so whoever sees the deletion must be told that the person is still there.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import msgspec

from events import headers
from events.codec import Peek
from events.log import user_ref
from events.publisher import Message

MERGED = "keepstep.user.merged"
DELETED = "keepstep.user.deleted"
_TYPES = {"user.updated": MERGED, "user.deleted": DELETED}


def messages(
    topic: str, event: Peek, body: bytes, received_at: str, secret: str
) -> tuple[Message, ...]:
    """Return one control event per other identity of *event*, keyed by that identity.

    Its value is a CloudEvent whose `data.object.user_id` is the identity and whose
    `data.primary_user_id` is the user that *event* is about. Its id is
    `<event id>/<user_ref>`, for an event without an id `sha256:<of the body>/…`, so a
    repeated event repeats its control events exactly. Ids go into headers and links:
    the reference, a hash with *secret*, stands for an identity that can be an address.
    """
    origin = event.id or f"sha256:{sha256(body).hexdigest()}"
    kind, found = _TYPES[event.type], []
    for identity in event.other_identities():
        event_id = f"{origin}/{user_ref(secret, identity)}"
        named = headers.encode(
            {
                headers.EVENT_ID: event_id,
                headers.EVENT_TYPE: kind,
                headers.EVENT_TIME: event.time,
                headers.RECEIVED_AT: received_at,
            }
        )
        told = msgspec.json.encode(_cloud_event(event, kind, event_id, identity))
        found.append(Message(topic, identity.encode(), told, named))
    return tuple(found)


def _cloud_event(
    event: Peek, kind: str, event_id: str, identity: str
) -> dict[str, Any]:
    attributes = {"source": event.source, "time": event.time}
    return {
        "specversion": "1.0",
        "type": kind,
        "id": event_id,
        **{name: value for name, value in attributes.items() if value is not None},
        "data": {
            "object": {"user_id": identity},
            "primary_user_id": event.key,
        },
    }
