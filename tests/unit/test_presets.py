"""Each preset, offline: events and calls, and the exact requests that they become."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import pytest

from events.model import Event, read
from processors.correlation.calls import (
    Call,
    Create,
    Deactivate,
    Delete,
    Fetch,
    Find,
    Restore,
    Update,
)
from processors.delivery.link import Link
from processors.destination import Destination, load
from processors.destination_file import shipped
from processors.rehearsal import rehearse, requests_of
from processors.rest.bodies import FORM
from processors.rest.requests import Request

ENVIRON = {
    "KEEPSTEP_CRM_URL": "https://crm.test",
    "KEEPSTEP_CRM_TOKEN": "t",
    "HUBSPOT_TOKEN": "t",
    "SALESFORCE_URL": "https://acme.my.salesforce.com",
    "SALESFORCE_CLIENT_ID": "c",
    "SALESFORCE_CLIENT_SECRET": "s",
    "STRIPE_KEY": "t",
    "INTERCOM_TOKEN": "t",
}
USER = "auth0|u1"
PROFILE: dict[str, Any] = {
    "user_id": USER,
    "email": "ann.o'neil+x@example.com",
    "email_verified": True,
    "given_name": "Ann",
    "family_name": "O'Neil",
    "name": "Ann O'Neil",
    "phone_number": "+15555550100",
    "updated_at": "2026-02-01T12:00:00Z",
}
IDS = {
    "crm": "c_57d3775a70",
    "hubspot": "51",
    "salesforce": "003Qy00000AbCdEIAV",
    "stripe": "cus_NffrFeUfNV2Hib",
    "intercom": "5ba682d23d7cf92bef87bfd4",
}
EMAIL = "ann.o%27neil%2Bx%40example.com"
SALESFORCE = "https://acme.my.salesforce.com/services/data/v68.0"
HUBSPOT = "https://api.hubapi.com/crm/objects/2026-03/contacts"
NAMES = "email%2Cfirstname%2Clastname%2Cphone%2Cauth0_user_id"
STRIPE, INTERCOM = (
    "https://api.stripe.com/v1/customers",
    "https://api.intercom.io/contacts",
)
CRM = "https://crm.test/contacts"
SELECT = "SELECT%20Id%2CEmail%2CFirstName%2CLastName%2CPhone%2CAuth0_User_Id__c"


def an_event(event_type: str, **profile: Any) -> Event:
    at = {"user.created": "12", "user.updated": "13", "user.deleted": "14"}[event_type]
    body = {
        "id": f"evt_{event_type}",
        "type": event_type,
        "time": f"2026-02-01T{at}:00:00Z",
        "data": {"object": {"user_id": USER, **profile}},
    }
    return read(json.dumps(body).encode())


class Sent(NamedTuple):
    """A request as the table below has it."""

    line: str
    body: Any = None


def shown(request: Request) -> Sent:
    line = f"{request.method} {request.url}"
    if request.body is None:
        return Sent(line)
    if request.headers["content-type"] == FORM:
        return Sent(
            line, dict(parse_qsl(request.body.decode(), keep_blank_values=True))
        )
    return Sent(line, json.loads(request.body))


def preset(directory: Path, name: str) -> Destination:
    (directory / f"our-{name}.toml").write_text(f'extends = "{name}"\n')
    return load(directory, f"our-{name}", ENVIRON)


LOOK_UPS = {
    "crm": (
        Sent(f"GET {CRM}?email={EMAIL}"),
        Sent(f"GET {CRM}?auth0_user_id=auth0%7Cu1"),
    ),
    "hubspot": (
        Sent(f"GET {HUBSPOT}/{EMAIL}?idProperty=email&properties={NAMES}"),
        Sent(f"GET {HUBSPOT}/auth0%7Cu1?idProperty=auth0_user_id&properties={NAMES}"),
    ),
    "salesforce": (
        Sent(
            f"GET {SALESFORCE}/query?q={SELECT}%20FROM%20Contact%20WHERE%20Email%20%3D"
            "%20%27ann.o%5C%27neil%2Bx%40example.com%27"
        ),
        Sent(
            f"GET {SALESFORCE}/query?q={SELECT}%20FROM%20Contact%20WHERE%20"
            "Auth0_User_Id__c%20%3D%20%27auth0%7Cu1%27"
        ),
    ),
    "stripe": (Sent(f"GET {STRIPE}?email={EMAIL}&limit=100"), None),
    "intercom": (
        Sent(
            f"POST {INTERCOM}/search",
            {"query": {"field": "email", "operator": "=", "value": PROFILE["email"]}},
        ),
        Sent(f"GET {INTERCOM}/find_by_external_id/auth0%7Cu1"),
    ),
}
HUBSPOT_FIELDS = {
    "email": PROFILE["email"],
    "firstname": "Ann",
    "lastname": "O'Neil",
    "phone": "+15555550100",
    "auth0_user_id": USER,
}
PLAIN_FIELDS = {
    "email": PROFILE["email"],
    "name": "Ann O'Neil",
    "phone": "+15555550100",
}
CREATED = {
    "crm": Sent(f"POST {CRM}", {**PLAIN_FIELDS, "auth0_user_id": USER}),
    "hubspot": Sent(f"POST {HUBSPOT}", {"properties": HUBSPOT_FIELDS}),
    "salesforce": Sent(
        f"POST {SALESFORCE}/sobjects/Contact",
        {
            "Email": PROFILE["email"],
            "FirstName": "Ann",
            "LastName": "O'Neil",
            "Phone": "+15555550100",
            "Auth0_User_Id__c": USER,
        },
    ),
    "stripe": Sent(f"POST {STRIPE}", {**PLAIN_FIELDS, "metadata[auth0_user_id]": USER}),
    "intercom": Sent(
        f"POST {INTERCOM}", {**PLAIN_FIELDS, "role": "user", "external_id": USER}
    ),
}
# A partial profile with a new phone, of a user whose record is known.
UPDATED = {
    "crm": Sent(
        f"PATCH {CRM}/{IDS['crm']}", {"phone": "+15555550199", "auth0_user_id": USER}
    ),
    "hubspot": Sent(
        f"PATCH {HUBSPOT}/51",
        {"properties": {"phone": "+15555550199", "auth0_user_id": USER}},
    ),
    "salesforce": Sent(
        f"PATCH {SALESFORCE}/sobjects/Contact/{IDS['salesforce']}",
        {"Phone": "+15555550199", "Auth0_User_Id__c": USER},
    ),
    "stripe": Sent(
        f"POST {STRIPE}/{IDS['stripe']}",
        {"phone": "+15555550199", "metadata[auth0_user_id]": USER},
    ),
    "intercom": Sent(
        f"PUT {INTERCOM}/{IDS['intercom']}",
        {"phone": "+15555550199", "external_id": USER},
    ),
}
DEACTIVATED = {
    "crm": Sent(f"PATCH {CRM}/{IDS['crm']}", {"status": "deactivated"}),
    "hubspot": Sent(
        f"PATCH {HUBSPOT}/51", {"properties": {"auth0_status": "deactivated"}}
    ),
    "salesforce": Sent(
        f"PATCH {SALESFORCE}/sobjects/Contact/{IDS['salesforce']}",
        {"Auth0_Active__c": False},
    ),
    "stripe": Sent(
        f"POST {STRIPE}/{IDS['stripe']}", {"metadata[auth0_status]": "deactivated"}
    ),
    "intercom": Sent(f"POST {INTERCOM}/{IDS['intercom']}/archive"),
}
RESTORED = {
    "crm": Sent(f"PATCH {CRM}/{IDS['crm']}", {"status": "active"}),
    "hubspot": Sent(f"PATCH {HUBSPOT}/51", {"properties": {"auth0_status": "active"}}),
    "salesforce": Sent(
        f"PATCH {SALESFORCE}/sobjects/Contact/{IDS['salesforce']}",
        {"Auth0_Active__c": True},
    ),
    "stripe": Sent(
        f"POST {STRIPE}/{IDS['stripe']}", {"metadata[auth0_status]": "active"}
    ),
    "intercom": Sent(f"POST {INTERCOM}/{IDS['intercom']}/unarchive"),
}
FETCHED = {
    "crm": f"GET {CRM}/{IDS['crm']}",
    "hubspot": f"GET {HUBSPOT}/51?properties={NAMES}",
    "salesforce": f"GET {SALESFORCE}/sobjects/Contact/{IDS['salesforce']}",
    "stripe": f"GET {STRIPE}/{IDS['stripe']}",
    "intercom": f"GET {INTERCOM}/{IDS['intercom']}",
}
every_preset = pytest.mark.parametrize("name", IDS)


def test_every_shipped_file_is_in_the_tables() -> None:
    assert {path.stem for path in shipped().glob("*.toml")} == IDS.keys()


@every_preset
def test_look_ups_are_the_vendor_s(tmp_path: Path, name: str) -> None:
    destination = preset(tmp_path, name)
    requests = requests_of(destination)

    by_email, by_user_id = LOOK_UPS[name]

    assert shown(requests.of(Find(PROFILE["email"]))) == by_email
    assert ("user_id" in destination.look_ups) == (by_user_id is not None)
    if by_user_id is not None:
        assert shown(requests.of(Find(USER, "user_id"))) == by_user_id


async def writes(
    directory: Path, name: str, event: Event, record_id: str | None
) -> list[Sent]:
    done = await rehearse(
        [event], Link(record_id=record_id), preset(directory, name), None
    )
    made = [step for step in done.steps if not isinstance(step.call, Find | Fetch)]
    return [shown(step.request) for step in made]


@every_preset
async def test_a_new_user_is_one_creation(tmp_path: Path, name: str) -> None:
    event = an_event("user.created", **PROFILE)

    assert await writes(tmp_path, name, event, None) == [CREATED[name]]


@every_preset
async def test_a_part_of_a_profile_changes_that_part(tmp_path: Path, name: str) -> None:
    event = an_event("user.updated", phone_number="+15555550199")

    assert await writes(tmp_path, name, event, IDS[name]) == [UPDATED[name]]


@every_preset
async def test_a_deleted_user_is_deactivated(tmp_path: Path, name: str) -> None:
    event = an_event("user.deleted")

    assert await writes(tmp_path, name, event, IDS[name]) == [DEACTIVATED[name]]


@every_preset
def test_a_record_is_read_restored_and_removed_by_its_id(
    tmp_path: Path, name: str
) -> None:
    requests, record_id = requests_of(preset(tmp_path, name)), IDS[name]
    path = DEACTIVATED[name].line.partition(" ")[2].removesuffix("/archive")

    assert shown(requests.of(Fetch(record_id))) == Sent(FETCHED[name])
    assert shown(requests.of(Restore(record_id))) == RESTORED[name]
    assert shown(requests.of(Delete(record_id))) == Sent(f"DELETE {path}")


@every_preset
@pytest.mark.parametrize("call", [Fetch, Deactivate, Restore, Delete])
def test_another_system_s_id_is_refused(tmp_path: Path, name: str, call: Any) -> None:
    requests = requests_of(preset(tmp_path, name))

    for stranger in ("auth0|u1", "..", "a/b", "x" * 600):
        with pytest.raises(ValueError, match="id"):
            requests.of(call(stranger))


@every_preset
def test_every_request_goes_to_the_vendor(tmp_path: Path, name: str) -> None:
    requests = requests_of(preset(tmp_path, name))
    host = LOOK_UPS[name][0].line.split("/")[2]
    calls: list[Call] = [
        Find(".."),
        Find("a/../../b"),
        Create({}),
        Update(IDS[name], {}),
    ]

    for call in calls:
        try:
            assert requests.of(call).url.startswith(f"https://{host}/")
        except ValueError:
            assert isinstance(call, Find)


def test_stripe_knows_a_repeated_creation(tmp_path: Path) -> None:
    requests = requests_of(preset(tmp_path, "stripe"))

    first, again = (requests.of(Create({"email": "a@x"}, "e1")) for _ in range(2))

    assert first.headers["Idempotency-Key"] == again.headers["Idempotency-Key"]
    assert first.headers["Stripe-Version"] == "2026-10-28.endive"
