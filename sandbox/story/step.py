"""One step of the story: what is sent, and how it must end."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Step:
    """One POST to the webhook; `ends` is what its row must show for the CRM.

    `billing` is the same for the billing system; without it, as for the CRM.
    """

    title: str
    body: bytes
    ends: str
    billing: str | None = None
    failures: int = 0  # calls that the CRM answers with 503 from now on
    crm_calls: int | None = None  # that it must cost the CRM; None: nobody counts
    # When the next step is sent: once this one has ended at all destinations, once
    # each has at least read it, or at once.
    next_when: Literal["ended", "seen", "sent"] = "ended"

    def ends_at(self, destination: str) -> str:
        """Return what the step's row must show for *destination*."""
        if destination == "billing" and self.billing is not None:
            return self.billing
        return self.ends

    @property
    def event_id(self) -> str | None:
        """The event's id, or None where the body is no event."""
        event = self._event
        return None if event is None else str(event["id"])

    @property
    def user_id(self) -> str | None:
        """Whom the event is about, or None where it is about no user."""
        user_id = (self._event or {}).get("data", {}).get("object", {}).get("user_id")
        return None if user_id is None else str(user_id)

    @property
    def _event(self) -> dict[str, Any] | None:
        try:
            event: dict[str, Any] = json.loads(self.body)
        except ValueError:
            return None
        return event
