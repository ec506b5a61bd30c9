"""The rules ask a destination for nothing that its file has no request for."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from events.exits import BadConfiguration
from events.model import Event, read
from processors.delivery.link import Link
from processors.delivery.verdict import Verdict
from processors.destination import Destination, of_file
from processors.destination_file import DestinationFile, shipped
from processors.destination_file import read as read_file
from processors.rehearsal import rehearse

ENVIRON = {"KEEPSTEP_CRM_URL": "http://127.0.0.1:1", "KEEPSTEP_CRM_TOKEN": "t"}
OPTIONAL = ("find", "find_by_user_id", "fetch", "deactivate", "restore", "delete")
POLICIES = {
    "deleted": ("deactivate", "delete", "ignore"),
    "merged": ("keep", "deactivate", "review"),
    "blocked": ("ignore", "deactivate"),
    "deselected": ("ignore", "deactivate"),
    "first_link": ("overwrite", "fill_empty", "adopt"),
    "gone": ("create", "review", "unlink"),
    "updated_missing": ("create", "review", "skip"),
}
policies = st.fixed_dictionaries({n: st.sampled_from(c) for n, c in POLICIES.items()})
kinds = st.sampled_from(
    ("user.created", "user.updated", "user.deleted", "keepstep.user.merged")
)
profiles = st.fixed_dictionaries(
    {"email": st.sampled_from((None, "ann@example.com"))},
    optional={"blocked": st.booleans(), "plan": st.sampled_from(("gold", "none"))},
)
lives = st.lists(st.tuples(kinds, profiles), min_size=1, max_size=3)


def described(left_out: set[str], on: dict[str, str]) -> Destination | None:
    """Return the example CRM's file without some requests, if that may be loaded."""
    file = read_file(shipped(), "crm", ENVIRON)
    requests = {n: r for n, r in file.tables["requests"].items() if n not in left_out}
    tables = file.tables | {
        "requests": requests,
        "on": on,
        "select": "plan = 'gold'",
        "deletion_grace_seconds": 0,
    }
    try:
        return of_file(DestinationFile("crm", tables, {}, None))
    except BadConfiguration:
        return None


def an_event(number: int, kind: str, profile: dict[str, Any]) -> Event:
    data: dict[str, Any] = {"object": {"user_id": "auth0|1", **profile}}
    if kind.startswith("keepstep."):
        data["primary_user_id"] = "auth0|2"
    time = f"2026-01-01T00:00:0{number}Z"
    event = {"id": f"e{number}", "type": kind, "time": time, "data": data}
    return read(json.dumps(event).encode())


@settings(max_examples=500)  # what needs three choices at once has to come up
@given(
    st.sets(st.sampled_from(OPTIONAL), max_size=3),
    policies,
    lives,
    st.sampled_from((None, "7")),
)
def test_whatever_may_be_loaded_can_be_carried_out(
    left_out: set[str],
    on: dict[str, str],
    life: list[tuple[str, dict[str, Any]]],
    record_id: str | None,
) -> None:
    destination = described(left_out, on)
    if destination is None:
        return
    events = [an_event(number, *lived) for number, lived in enumerate(life)]

    rehearsed = asyncio.run(
        rehearse(events, Link(record_id=record_id), destination, None)
    )

    assert isinstance(rehearsed.verdict, Verdict)


def test_each_request_alone_may_be_left_out_where_no_policy_needs_it() -> None:
    quiet = {"deleted": "ignore"}

    assert all(described({name}, quiet) is not None for name in OPTIONAL)
