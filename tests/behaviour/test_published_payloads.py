"""Every event that Auth0 has published in print, from the webhook to its end at both.

Real: Kafka, ingest, `keepstep try`, the example CRM and the sandbox's billing system,
a worker for each. The destinations' files are the shipped ones, without graces.

`try` is asked first, with nothing sent yet; then the event is sent, and the worker must
make the very calls that were printed, and end the event as was said.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import pytest

from tests.support.both import Both, running_both
from tests.support.rehearsed import call_of

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(180)]

PAYLOADS = Path(__file__).parents[1] / "payloads/auth0"
OTHER_EVENTS = "catalog_0.7.2_other_events.json"
SAMPLE = b"507f1f77bcf86cd799439020"  # part of the user_id of Auth0's sample user
JOHN, SOMEBODY_ELSE = "john.doe@gmail.com", "auth0|somebody-else"

TEST = "outcome: test"
UNHANDLED = "outcome: unhandled"
SKIPPED = "outcome: skipped"
NOTED = "outcome: noted"
UNMATCHED = "waits for a person: unmatched"
AMBIGUOUS = "waits for a person: ambiguous"
OWN = {"crm": "auth0_user_id", "billing": "metadata.auth0_user_id"}


class Ends(NamedTuple):
    """How an event ends at each destination; `other` is the end of the control event.

    `{own}` stands for the destination's own field for the user_id.
    """

    crm: str
    billing: str
    other: str | None = None

    def at(self, name: str) -> str:
        """Return the end at the destination *name*."""
        return str(getattr(self, name)).replace("{own}", OWN[name])


def alike(end: str, other: str | None = None) -> Ends:
    """Return the ends of what is no different at the two."""
    return Ends(end, end, other)


CREATED = alike("outcome: applied (created): email, name, phone, {own}")
UPDATED = alike("outcome: applied (updated): email, name, phone, {own}")

PUBLISHED = {
    "docs_2025_user_created_generic.json": CREATED,
    "docs_2025_user_created_mgmt_api.json": alike(
        "outcome: applied (created): email, {own}"
    ),
    "docs_events_api_partial_user_created.json": alike(
        "outcome: applied (created): email, {own}"
    ),
    # Marked as a test, or about the sample user, whose stored copies lack the mark.
    "docs_webhook_received_user_created.json": alike(TEST),
    "event_test_user_created.json": alike(TEST),
    "docs_2025_user_created_db_signup.json": alike(TEST),
    "docs_2025_user_updated.json": alike(TEST),
    "docs_2025_user_deleted.json": alike(TEST),
    "catalog_0.7.2_user_created.json": alike(TEST),
    "catalog_0.7.2_user_updated.json": alike(TEST, other=NOTED),
    "catalog_0.7.2_user_deleted.json": alike(TEST, other=NOTED),
    # About something else than a user.
    "docs_2025_organization_created.json": alike(UNHANDLED),
    "docs_2025_organization_updated.json": alike(UNHANDLED),
    "docs_2025_organization_deleted.json": alike(UNHANDLED),
    "docs_2025_organization_member_role_assigned.json": alike(UNHANDLED),
    "docs_2025_organization_member_role_deleted.json": alike(UNHANDLED),
    "docs_2025_organization_connection_added.json": alike(UNHANDLED),
    "docs_2025_organization_connection_updated.json": alike(UNHANDLED),
    "docs_2025_organization_connection_removed.json": alike(UNHANDLED),
}
# What was printed with a mistake is no JSON: it never becomes an event.
NO_JSON = (
    "docs_2025_event_object_template.invalid.txt",
    "docs_2025_organization_member_added.invalid.txt",
    "docs_2025_organization_member_deleted.invalid.txt",
)
# The events of the sample user as those of a real one, with nobody at the destination,
# with a record of that address that is nobody's or somebody else's, or with two.
OF_A_REAL_USER = {
    ("event_test_user_created.json", "nobody"): CREATED,
    ("event_test_user_created.json", "a stranger"): UPDATED,
    ("docs_2025_user_created_db_signup.json", "nobody"): CREATED,
    ("docs_2025_user_created_db_signup.json", "a stranger"): UPDATED,
    ("docs_2025_user_created_db_signup.json", "somebody else"): alike(AMBIGUOUS),
    ("docs_2025_user_created_db_signup.json", "two"): alike(AMBIGUOUS),
    ("docs_2025_user_updated.json", "nobody"): Ends(UNMATCHED, CREATED.billing),
    ("docs_2025_user_updated.json", "a stranger"): UPDATED,
    ("docs_2025_user_updated.json", "somebody else"): alike(AMBIGUOUS),
    ("docs_2025_user_updated.json", "two"): alike(AMBIGUOUS),
    ("docs_2025_user_deleted.json", "nobody"): alike(SKIPPED),
    ("docs_2025_user_deleted.json", "a stranger"): alike(SKIPPED),
    ("catalog_0.7.2_user_created.json", "nobody"): CREATED,
    ("catalog_0.7.2_user_created.json", "a stranger"): UPDATED,
    ("catalog_0.7.2_user_updated.json", "nobody"): Ends(
        UNMATCHED, CREATED.billing, other=NOTED
    ),
    ("catalog_0.7.2_user_updated.json", "a stranger"): UPDATED._replace(other=NOTED),
    ("catalog_0.7.2_user_deleted.json", "nobody"): alike(SKIPPED, other=NOTED),
}
THERE: dict[str, list[str]] = {
    "nobody": [],
    "a stranger": [""],
    "somebody else": [SOMEBODY_ELSE],
    "two": ["", ""],
}
NOT_LINKED: Mapping[str, str] = {}


@pytest.fixture(scope="module")
def both(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    installation = f"t{uuid4().hex[:12]}"
    with running_both(kafka, installation, tmp_path_factory.mktemp("both")) as running:
        yield running


def ends_as_tried(
    both: Both, body: bytes, expected: Ends, records: Mapping[str, str] = NOT_LINKED
) -> None:
    """Try *body*, send it, and compare what was said with what then comes of it.

    *records* says which record the user is linked to at a destination.
    """
    path = both.written(body)
    said = {n: one.tried(path, records.get(n)) for n, one in both.destinations.items()}
    asked = {n: list(map(call_of, one.calls())) for n, one in both.destinations.items()}

    arrived = both.send(body, messages=1 if expected.other is None else 2)

    *others, event = sorted(arrived.events, key=lambda one: one.value == body)
    assert event.value == body
    for name, destination in both.destinations.items():
        ends = [destination.end_of(one) for one in (event, *others)]
        assert ends == [expected.at(name), *[expected.other] * len(others)]
        assert said[name].end == ends[0]
        assert asked[name] == said[name].asked
        made = list(map(call_of, destination.calls()))
        # The other login's lane is its own: its look-up may come in between.
        keys = [other.key or b"" for other in others]
        mine = [call for call in made if not any(is_about(call.path, k) for k in keys)]
        assert mine == said[name].calls


def new_user() -> bytes:
    """Return what stands in place of the sample user, in the user_id."""
    return uuid4().hex[: len(SAMPLE)].encode()


def of_a_real_user(name: str, user: bytes | None = None) -> bytes:
    """Return a published body as if it were not about the sample user, and no test."""
    body = (PAYLOADS / name).read_bytes().replace(b"a0purpose", b"a0what")
    return body.replace(SAMPLE, user or new_user())


def is_about(path: str, user_id: bytes) -> bool:
    return f"auth0_user_id={user_id.decode().replace('|', '%7C')}" in path


def test_every_published_payload_is_in_the_table() -> None:
    files = {p.name for p in PAYLOADS.iterdir() if p.suffix in (".json", ".txt")}

    assert files == {*PUBLISHED, *NO_JSON, OTHER_EVENTS}


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_event_ends_at_both_as_try_says(both: Both, name: str) -> None:
    both.clear()

    ends_as_tried(both, (PAYLOADS / name).read_bytes(), PUBLISHED[name])


def test_every_other_type_of_the_catalog_ends_at_both_as_try_says(both: Both) -> None:
    both.clear()
    examples = json.loads((PAYLOADS / OTHER_EVENTS).read_bytes())
    assert len(examples) == 15

    for event in examples.values():
        ends_as_tried(both, json.dumps(event).encode(), alike(UNHANDLED))


@pytest.mark.parametrize(
    ("name", "there"), OF_A_REAL_USER, ids=lambda part: part.removesuffix(".json")
)
def test_a_published_event_of_a_real_user_ends_at_both_as_try_says(
    both: Both, name: str, there: str
) -> None:
    both.clear()
    for owner in THERE[there]:
        both.put(JOHN, owner)

    ends_as_tried(both, of_a_real_user(name), OF_A_REAL_USER[name, there])


def test_the_published_deletion_of_a_linked_user_ends_at_both_as_try_says(
    both: Both,
) -> None:
    both.clear()
    user = new_user()
    created = of_a_real_user("docs_2025_user_created_db_signup.json", user)
    ends_as_tried(both, created, CREATED)
    [contact] = both.crm_system.contacts(email=JOHN)
    [customer] = both.billing_system.customers(email=JOHN)

    ends_as_tried(
        both,
        of_a_real_user("catalog_0.7.2_user_deleted.json", user),
        alike("outcome: applied (deactivated)", other=NOTED),
        {"crm": contact["id"], "billing": customer["id"]},
    )


@pytest.mark.parametrize("name", NO_JSON)
def test_a_published_example_that_is_no_json_ends_in_quarantine(
    both: Both, name: str
) -> None:
    body = (PAYLOADS / name).read_bytes()

    done = both.crm.console.keepstep("try", "crm", str(both.written(body)))
    arrived = both.send(body)

    [kept] = arrived.quarantined
    assert (kept.value, kept.headers["reason"]) == (body, "not_json")
    assert (done.code, "is no event" in done.err) == (2, True)
    assert "not_json" in done.err
