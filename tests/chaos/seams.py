"""Puts the call log and the fault points around the product's worker, from outside.

The places are few: an attempt, a call, a transaction, and what becomes of a partition.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any

import msgspec
from aiohttp import ClientSession

from events.publisher import Message
from processors.attempts import Attempts
from processors.delivery import partition as core
from processors.delivery.lanes import Attempt
from processors.ledger.batch import Batch
from processors.ledger.transactions import Transactions, Written
from processors.partition import Owned
from processors.rest.client import Response, RestClient
from tests.chaos.call_log import About, CallLog
from tests.chaos.fault_points import FaultPoints

HEADER = "x-call"
_about: ContextVar[About] = ContextVar("about")
_call: ContextVar[str] = ContextVar("call")


def install(log: CallLog, points: FaultPoints) -> None:
    """Replace the product's methods by ones that note what they do."""
    _wrap(Attempts, "make", _attempt)
    _wrap(RestClient, "call", lambda call: _noted_call(call, log, points))
    _wrap(ClientSession, "_request", _named)
    _wrap(Transactions, "write", lambda write: _noted_write(write, log, points))
    _wrap(Batch, "fill", lambda fill: _then(fill, lambda _: points.passed("in_commit")))
    _wrap(Owned, "step", lambda step: _acking(step, points))
    owned = core.Partition
    _wrap(owned, "assigned", lambda begin: _then(begin, _told(log, "assigned")))
    _wrap(owned, "_serve", lambda serve: _then(serve, _told(log, "owner")))
    for name in ("fenced", "lost"):
        _wrap(owned, name, lambda end: _if_owned(end, _told(log, "fenced")))


def _wrap(owner: type, name: str, around: Callable[[Any], Any]) -> None:
    setattr(owner, name, around(getattr(owner, name)))


def _then(method: Any, then: Callable[[Any], None]) -> Any:
    def replaced(self: Any, *arguments: Any) -> Any:
        result = method(self, *arguments)
        then(self)
        return result

    return replaced


def _told(log: CallLog, kind: Any) -> Callable[[core.Partition], None]:
    return lambda partition: log.note(kind, About(partition.number))


def _if_owned(end: Any, tell: Callable[[core.Partition], None]) -> Any:
    def replaced(self: core.Partition) -> None:
        if self.state not in ("free", "kept"):
            tell(self)
        end(self)

    return replaced


def _attempt(make: Any) -> Any:
    async def replaced(self: Attempts, attempt: Attempt, *rest: Any) -> Any:
        offsets = [event.offset for event in attempt.events]
        user_id = attempt.lane.user.decode()
        _about.set(About(attempt.events[0].body.partition, offsets, user_id))
        return await make(self, attempt, *rest)

    return replaced


def _noted_call(make: Any, log: CallLog, points: FaultPoints) -> Any:
    async def replaced(self: RestClient, call: Any) -> Response:
        name, about, saw = log.new_call(), _about.get(), "no answer"
        _call.set(name)
        log.note("start", about, call=name)
        points.passed("before_call")
        try:
            response: Response = await make(self, call)
            saw = getattr(response.meaning, "reason", "ok")
        finally:
            log.note("end", about, call=name, saw=saw)
        points.passed("after_call")
        return response

    return replaced


def _named(send: Any) -> Any:
    async def replaced(self: ClientSession, *about: Any, **rest: Any) -> Any:
        rest["headers"] = {**(rest.get("headers") or {}), HEADER: _call.get("")}
        return await send(self, *about, **rest)

    return replaced


def _noted_write(write: Any, log: CallLog, points: FaultPoints) -> Any:
    def replaced(
        self: Transactions, messages: Sequence[Message], *offsets: Any
    ) -> Written:
        points.passed("before_write")
        began_at = time.time()
        written: Written = write(self, messages, *offsets)
        if written is Written.DURABLE and messages:
            about = About(messages[0].partition or 0, _settled(messages))
            log.note("durable", about, began_at=began_at)
            points.passed("after_durable_before_ack")
        return written

    return replaced


def _settled(messages: Sequence[Message]) -> list[int]:
    """Return the offsets of the events that *messages* settle or park."""
    found = []
    for message in messages:
        match message.topic.rpartition(".")[2]:
            case "outcomes":
                found.append(msgspec.json.decode(message.value or b"")["source"][2])
            case "retry" if message.value is not None:
                found.append(int((message.key or b"").rpartition(b"@")[2]))
    return found


def _acking(step: Any, points: FaultPoints) -> Any:
    def replaced(self: Owned) -> None:
        waiting = len(self._acks)
        step(self)
        if len(self._acks) < waiting:
            points.passed("after_ack")

    return replaced
