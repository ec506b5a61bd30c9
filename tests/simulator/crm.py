"""The destination's double: records with fields, and answers that may not arrive."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any, NamedTuple

from processors.correlation.calls import (
    Answer,
    Call,
    Create,
    Deactivate,
    Delete,
    Done,
    Fetch,
    Fetched,
    Find,
    Found,
    Gone,
    Restore,
    Update,
)
from processors.delivery.verdict import Rejected, RetryLater, Unavailable
from tests.simulator.clock import Clock, Process
from tests.simulator.notes import Notes
from tests.simulator.plan import Plan
from tests.simulator.users import NUMBERS

CALL_SECONDS_MAX = 10.0
QUICK_SECONDS, SLOW_SECONDS = 0.05, 9.0
REFUSED = "refused"

Meaning = Answer | RetryLater | Rejected | Unavailable


class Response(NamedTuple):
    """What a client makes of an answer, or of none (status None)."""

    status: int | None
    meaning: Meaning


@dataclass
class Contact:
    """One record."""

    fields: dict[str, Any]
    active: bool = True


class Request(NamedTuple):
    """A call on its way, for a user; `effect` is told when it takes effect."""

    user: str
    call: Call
    effect: Callable[[], None]


@dataclass
class Crm:
    """One destination, in trouble as the plan says and until `heal`."""

    clock: Clock
    random: Random
    plan: Plan
    notes: Notes
    contacts: dict[str, Contact] = field(default_factory=dict)
    away: dict[str, float] = field(default_factory=dict)  # kind of trouble, until when
    healed: bool = False
    _made: int = 0

    def heal(self) -> None:
        """Answer well from now on, but for the users that always fail."""
        self.healed = True
        self.away.clear()

    def add(self, fields: dict[str, Any]) -> str:
        """Make a record; return its id."""
        self._made += 1
        record_id = f"c{self._made}"
        self.contacts[record_id] = Contact(dict(fields))
        return record_id

    def ask(
        self, process: Process, request: Request, answer: Callable[[Response], None]
    ) -> None:
        """Send *request* from a process; its answer may be lost, or come late.

        It takes effect before the client's deadline, unless the client has ended while
        it waited to be served: then its connection is closed.
        """
        waits_seconds = self._seconds()

        def serve() -> None:
            if process.alive:
                response, seconds = self._response(request)
                left_seconds = CALL_SECONDS_MAX - waits_seconds
                wait = min(seconds, left_seconds)
                process.after(wait, lambda: answer(response))

        self.clock.after(waits_seconds, serve)

    def _seconds(self) -> float:
        most = SLOW_SECONDS if self._strikes("slow") else QUICK_SECONDS
        return self.random.random() * most

    def _strikes(self, kind: str) -> bool:
        odds = 0.0 if self.healed else self.plan.odds.get(kind, 0.0)
        return self.random.random() < odds

    def _response(self, request: Request) -> tuple[Response, float]:
        """Return the answer, and the seconds until the client has it or gives up."""
        quick = self.random.random() * QUICK_SECONDS
        trouble = self._trouble()
        if trouble is not None:
            return trouble, quick
        with_effect = self.random.random() < 0.5
        if self._fails(request.user):
            self._lose("failing user", request, with_effect=with_effect)
            return Response(500, RetryLater("HTTP 500")), quick
        if self._refuses(request):
            self.notes("call refused", user=request.user)
            return Response(400, Rejected("rejected", "HTTP 400")), quick
        if self._strikes("answer_lost"):
            self._lose("answer lost", request, with_effect=with_effect)
            wait = self.random.choice((quick, CALL_SECONDS_MAX))
            return Response(None, RetryLater("no answer")), wait
        if self._strikes("error"):
            self._lose("error", request, with_effect=with_effect)
            return Response(503, RetryLater("HTTP 503")), quick
        return Response(200, self._carry_out(request)), self._seconds()

    def _fails(self, user: str) -> bool:
        plan = self.plan
        during = plan.failing_from <= self.clock.seconds < plan.failing_until
        return during and NUMBERS.get(user) in plan.failing

    def _lose(self, kind: str, request: Request, *, with_effect: bool) -> None:
        self.notes(f"{kind} {'after' if with_effect else 'without'} the effect")
        if with_effect:
            self._carry_out(request)

    def _trouble(self) -> Response | None:
        now = self.clock.now
        for kind, until in self.away.items():
            if now < until:
                self.notes(f"call during {kind}")
                return _TROUBLES[kind]
        return None

    def _refuses(self, request: Request) -> bool:
        match request.call:
            case Create(fields=fields) | Update(fields=fields):
                return fields.get("name") == REFUSED
            case Deactivate() | Delete():
                return NUMBERS.get(request.user) in self.plan.kept
            case _:
                return False

    def _carry_out(self, request: Request) -> Answer:
        """Do what is asked, which cannot be undone by losing the answer."""
        match request.call:
            case Find(value=value, key=key):
                return self._found(key, value)
            case Fetch(record_id=record_id):
                held = self.contacts.get(record_id)
                return Gone() if held is None else Fetched(dict(held.fields))
            case Create(fields=fields):
                request.effect()
                return Done(self.add(dict(fields)))
            case call:
                contact = self.contacts.get(call.record_id)
                if contact is None:
                    return Gone()
                request.effect()
                self._change(contact, call)
                return Done(call.record_id)

    def _change(
        self, contact: Contact, call: Update | Deactivate | Restore | Delete
    ) -> None:
        match call:
            case Update(fields=fields):
                contact.fields.update(fields)
            case Deactivate():
                contact.active = False
            case Restore():
                contact.active = True
            case Delete(record_id=record_id):
                del self.contacts[record_id]

    def _found(self, name: str, value: str) -> Found:
        found = {
            record_id: str(contact.fields.get("user_id") or "")
            for record_id, contact in self.contacts.items()
            if contact.fields.get(name) == value
        }
        return Found(tuple(found), {r: owner for r, owner in found.items() if owner})


_TROUBLES = {
    "outage": Response(None, Unavailable("unreachable", "refused")),
    "limited": Response(429, Unavailable("limited", "HTTP 429", 2.0)),
    "auth": Response(401, Unavailable("auth", "HTTP 401")),
}
