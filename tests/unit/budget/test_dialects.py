"""The next call comes when each dialect says: not before, and a second later at most.

Classifier, gate and budget are the real ones; time is virtual.
"""

from __future__ import annotations

import asyncio
import time
from email.utils import formatdate
from typing import NamedTuple

import pytest

from processors.correlation.calls import Done, Update
from processors.correlation.rules import Lookup
from processors.delivery.verdict import Unavailable
from processors.rest.answers import Classifier
from processors.rest.budget import Budget
from processors.rest.connection import Limits
from processors.rest.errors import Errors
from processors.rest.gate import Gate
from processors.rest.reading import Heard, Reader
from tests.support.destination import connection
from tests.support.virtual_time import run

LOOK_SECONDS = 0.01
LATE_SECONDS_MAX = 1.0
NOW = time.time()
DATE = formatdate(NOW, usegmt=True)
LANE, UPDATE = b"user", Update("1", {"name": "x"})
LIMITED = Errors({"403:REQUEST_LIMIT_EXCEEDED": "limited"})


class Case(NamedTuple):
    """An answer, and how long after it the next call may come."""

    seconds: float
    headers: dict[str, str]
    status: int = 429
    body: bytes = b""


CASES = {
    "seconds": Case(7.0, {"retry-after": "7"}),
    "decimal seconds": Case(1.5, {"retry-after": "1.5"}),
    "milliseconds": Case(2.5, {"retry-after-ms": "2500"}),
    "HTTP date": Case(
        9.0, {"date": DATE, "retry-after": formatdate(NOW + 9, usegmt=True)}
    ),
    "HubSpot": Case(
        10.0,
        {
            "x-hubspot-ratelimit-remaining": "0",
            "x-hubspot-ratelimit-interval-milliseconds": "10000",
        },
    ),
    "HubSpot, with the last call that is taken": Case(
        10.0,
        {
            "x-hubspot-ratelimit-remaining": "0",
            "x-hubspot-ratelimit-interval-milliseconds": "10000",
        },
        status=200,
        body=b'{"id": "1"}',
    ),
    "Salesforce, an hour at most": Case(
        3600.0,
        {"sforce-limit-info": "api-usage=100018/100000"},
        status=403,
        body=b'[{"errorCode":"REQUEST_LIMIT_EXCEEDED"}]',
    ),
    "Zendesk": Case(
        30.0, {"zendesk-ratelimit-endpoint": "total=100; remaining=0; resets=30"}
    ),
    "Intercom, seconds of the epoch": Case(
        10.0,
        {
            "date": DATE,
            "x-ratelimit-remaining": "0",
            "x-ratelimit-reset": str(int(NOW) + 10),
        },
    ),
    "GitHub, a 403": Case(
        60.0,
        {
            "date": DATE,
            "x-ratelimit-remaining": "0",
            "x-ratelimit-reset": str(int(NOW) + 60),
        },
        status=403,
    ),
    "Klaviyo": Case(38.0, {"ratelimit-remaining": "0", "ratelimit-reset": "38"}),
    "Segment": Case(4.0, {"x-ratelimit-reset": "4"}),
    "milliseconds of the epoch": Case(
        5.0,
        {
            "date": DATE,
            "x-ratelimit-remaining": "0",
            "x-ratelimit-reset": str((int(NOW) + 5) * 1000),
        },
    ),
    "IETF draft 3": Case(50.0, {"ratelimit": "limit=100, remaining=0, reset=50"}),
    "IETF draft 9": Case(20.0, {"ratelimit": '"burst";r=12;t=1, "hourly";r=0;t=20'}),
    "words": Case(26.0, {}, body=b"Expected available after 26 seconds."),
}


async def seconds_until_next(case: Case) -> float:
    """Hear the answer, as an attempt does; return when the next call may start."""
    found = connection("http://127.0.0.1:1")
    classifier = Classifier(Reader(found.requests, Lookup()), LIMITED)
    heard = Heard(case.status, case.headers, case.body)
    limits = Limits.model_validate({"rates": [{"calls": 100, "per_seconds": 1}]})
    budget, gate, loop = Budget(limits), Gate(), asyncio.get_running_loop()
    budget.assigned(12, 12)
    await budget.wait("update")
    assert gate.may_start(loop.time(), LANE)
    began = loop.time()

    used_up_seconds = classifier.used_up_seconds(heard)
    if used_up_seconds is not None:
        budget.hold(used_up_seconds)
    meaning = classifier.meaning(UPDATE, heard)
    assert isinstance(meaning, Unavailable | Done)
    gate.heard(loop.time(), LANE, case.status, meaning)

    await budget.wait("update")
    while not gate.may_start(loop.time(), LANE):  # noqa: ASYNC110 -- time is virtual
        await asyncio.sleep(LOOK_SECONDS)
    return loop.time() - began


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_next_call_comes_when_the_answer_says(case: Case) -> None:
    seconds = run(seconds_until_next(case))

    assert case.seconds - 0.001 <= seconds <= case.seconds + LATE_SECONDS_MAX
