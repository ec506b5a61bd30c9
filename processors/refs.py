"""Stand-ins for names in logs and outcomes: no personal data leaves by them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

from events.log import user_ref

_PLAIN_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


@lru_cache(10_000)
def _user(secret: str, user_id: str) -> str:
    return user_ref(secret, user_id)


@dataclass(frozen=True)
class References:
    """Hashes keyed with the installation's secret."""

    secret: str = field(repr=False)

    def user(self, user_id: str) -> str:
        """Return what stands for a user: an id can be an email address."""
        return _user(self.secret, user_id)

    def event(self, event_id: str) -> str:
        """Return the event's id, or its hash where it could hold a user's id.

        Those of control events are longer, and older ones carry the identity.
        """
        if _PLAIN_ID.fullmatch(event_id):
            return event_id
        return user_ref(self.secret, event_id)
