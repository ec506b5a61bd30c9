"""One attempt as it would be: the calls it makes, none of which changes a record."""

from __future__ import annotations

import math
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from events.model import Event
from processors.correlation.calls import (
    Answer,
    Call,
    Create,
    Done,
    Fetch,
    Fetched,
    Find,
    Found,
)
from processors.correlation.correlate import Moment, correlate
from processors.correlation.reading import Fingerprints, item_of
from processors.delivery.link import Link
from processors.delivery.verdict import Rejected, Verdict
from processors.destination import Destination
from processors.rest.answers import Meaning
from processors.rest.requests import Request, Requests

NEW_RECORD = "the-new-record"  # whatever ids look like at the destination
Read = Callable[[Find | Fetch], Awaitable[Meaning]]


class Step(NamedTuple):
    """One call of the attempt; only a read was `made`."""

    call: Call
    request: Request
    meaning: Meaning
    made: bool


class Rehearsal(NamedTuple):
    """What an attempt would do, and how it would end."""

    steps: tuple[Step, ...]
    verdict: Verdict


async def rehearse(
    events: Sequence[Event],
    link: Link,
    destination: Destination,
    read: Read | None,
) -> Rehearsal:
    """Return what an attempt for *events*, in the log's order, would come to.

    Reads are answered by *read*; without it nobody is found and a record holds nothing.
    Writes are taken to succeed, and every grace to be over.
    """
    requests = requests_of(destination)
    fingerprints = Fingerprints("rehearsal")  # only compared with each other
    now = time.time()
    items = [
        item_of(event, offset, now, destination, fingerprints)
        for offset, event in enumerate(events)
    ]
    steps: list[Step] = []
    conversation = correlate(items, link, destination, Moment(now, math.inf))
    try:
        call = next(conversation)
        while True:
            request = requests.of(call)
            made = read is not None and isinstance(call, Find | Fetch)
            meaning = await _answered(call, read)
            steps.append(Step(call, request, meaning, made))
            if not isinstance(meaning, Answer):
                return Rehearsal(tuple(steps), meaning)
            call = conversation.send(meaning)
    except ValueError as error:
        verdict: Verdict = Rejected("bad_external_id", str(error))
    except StopIteration as end:
        verdict = end.value
    finally:
        conversation.close()
    return Rehearsal(tuple(steps), verdict)


class _Rehearsed(Requests):
    """Builds requests about a record that would have been made, too."""

    def id_values(self, record_id: str) -> dict[str, str]:
        if record_id == NEW_RECORD:
            return {"id": NEW_RECORD}
        return super().id_values(record_id)


def requests_of(destination: Destination) -> Requests:
    """Return what builds the destination's requests."""
    return _Rehearsed(destination, destination.lookup, destination.fields)


async def _answered(call: Call, read: Read | None) -> Meaning:
    match call:
        case Find() | Fetch() if read is not None:
            return await read(call)
        case Find():
            return Found(())
        case Fetch():
            return Fetched({})
        case Create():
            return Done(NEW_RECORD)
        case _:
            return Done(call.record_id)
