"""The presets against systems that nobody here wrote: json-server and localstripe.

Real: the destination files, the connector, and both systems, over HTTP on this machine.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from processors.correlation.calls import (
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
from processors.delivery.verdict import Rejected, Unavailable
from processors.destination import Destination, load
from processors.destination_file import shipped
from processors.rest.client import RestClient
from tests.support.json_server import JsonServer
from tests.support.local_stripe import KEY, LocalStripe
from tests.support.operating import Console

ANN = {"email": "Ann+x@example.com", "name": "Änn", "phone": "+15555550100"}
USER = "auth0|u1"


@pytest.fixture
def json_server(tmp_path: Path) -> Iterator[JsonServer]:
    with JsonServer(tmp_path) as server:
        yield server


@pytest.fixture
def stripe(tmp_path: Path) -> Iterator[LocalStripe]:
    with LocalStripe(tmp_path) as server:
        yield server


def client_of(destination: Destination) -> RestClient:
    return RestClient(
        destination, destination.lookup, lambda: True, targets=destination.fields
    )


def crm_of(server: JsonServer) -> Destination:
    environ = {"KEEPSTEP_CRM_URL": server.base_url, "KEEPSTEP_CRM_TOKEN": "t"}
    return load(shipped(), "crm", environ)


def billing_of(server: LocalStripe, directory: Path, key: str = KEY) -> Destination:
    text = f'extends = "stripe"\nbase_url = "{server.base_url}"\n'
    (directory / "billing.toml").write_text(text)
    return load(directory, "billing", {"STRIPE_KEY": key})


async def test_json_server_is_the_guide_s_crm(json_server: JsonServer) -> None:
    async with client_of(crm_of(json_server)) as client:
        made = (await client.call(Create({**ANN, "auth0_user_id": USER}))).meaning
        assert isinstance(made, Done)
        record_id = made.record_id
        by_email = await client.call(Find(ANN["email"]))
        by_user_id = await client.call(Find(USER, "user_id"))
        nobody = await client.call(Find("nn+x@example.com"))
        await client.call(Update(record_id, {"name": "Ann"}))
        await client.call(Deactivate(record_id))
        inactive = await client.call(Fetch(record_id))
        await client.call(Restore(record_id))
        active = await client.call(Fetch(record_id))
        deleted = await client.call(Delete(record_id))
        gone = await client.call(Update(record_id, {"name": "x"}))
        gone_too = await client.call(Fetch(record_id))

    mine = Found((record_id,), {record_id: USER})
    assert by_email.meaning == by_user_id.meaning == mine
    assert nobody.meaning == Found(())
    assert isinstance(inactive.meaning, Fetched)
    assert inactive.meaning.fields["status"] == "deactivated"
    assert isinstance(active.meaning, Fetched)
    assert active.meaning.fields.items() >= {**ANN, "name": "Ann"}.items()
    assert active.meaning.fields["status"] == "active"
    assert deleted.meaning == Done(record_id)
    assert gone.meaning == gone_too.meaning == Gone()


async def test_localstripe_takes_the_calls_of_the_stripe_preset(
    stripe: LocalStripe, tmp_path: Path
) -> None:
    async with client_of(billing_of(stripe, tmp_path)) as client:
        fields = {**ANN, "metadata.auth0_user_id": USER}
        made = (await client.call(Create(fields, "evt_1"))).meaning
        assert isinstance(made, Done)
        record_id = made.record_id
        found = await client.call(Find(ANN["email"]))
        updated = await client.call(Update(record_id, {"metadata.plan": "pro & co"}))
        await client.call(Deactivate(record_id))
        inactive = (await client.call(Fetch(record_id))).meaning
        await client.call(Restore(record_id))
        active = (await client.call(Fetch(record_id))).meaning
        deleted = await client.call(Delete(record_id))
        gone = await client.call(Update(record_id, {"name": "x"}))

    assert found.meaning == Found((record_id,), {record_id: USER})
    assert updated.meaning == deleted.meaning == Done(record_id)
    assert isinstance(inactive, Fetched)
    assert isinstance(active, Fetched)
    assert inactive.fields["name"] == "Änn"
    assert inactive.fields["metadata"] == {
        "auth0_user_id": USER,
        "plan": "pro & co",
        "auth0_status": "deactivated",
    }
    assert active.fields["metadata"]["auth0_status"] == "active"
    assert gone.meaning == Gone()


async def test_two_customers_with_one_address_are_both_found_on_any_page(
    stripe: LocalStripe, tmp_path: Path
) -> None:
    billing = billing_of(stripe, tmp_path)
    assert billing.requests.find is not None
    find = billing.requests.find.model_copy(
        update={"query": {"email": "{email}", "limit": "1"}}
    )
    paged = billing.model_copy(
        update={"requests": billing.requests.model_copy(update={"find": find})}
    )
    async with client_of(paged) as client:
        made = [
            (await client.call(Create({**ANN, "metadata.auth0_user_id": user}))).meaning
            for user in ("auth0|1", "auth0|2", "auth0|3")
        ]
        found = (await client.call(Find(ANN["email"]))).meaning

    ids = [done.record_id for done in made if isinstance(done, Done)]
    assert isinstance(found, Found)
    assert set(found.record_ids) == set(ids)
    assert len(ids) == 3
    assert set(found.owners.values()) == {"auth0|1", "auth0|2", "auth0|3"}


async def test_localstripe_refuses_a_wrong_key_and_an_unknown_field(
    stripe: LocalStripe, tmp_path: Path
) -> None:
    async with client_of(billing_of(stripe, tmp_path, key="pk_nobody")) as client:
        refused = await client.call(Find("a@example.com"))
    async with client_of(billing_of(stripe, tmp_path)) as client:
        unknown = await client.call(Create({**ANN, "colour": "blue"}))

    assert refused.meaning == Unavailable("auth", "HTTP 401")
    assert unknown.meaning == Rejected("rejected", "HTTP 400")


def test_check_and_try_work_with_localstripe(
    stripe: LocalStripe, tmp_path: Path
) -> None:
    billing_of(stripe, tmp_path)
    profile = {"user_id": USER, **ANN, "email_verified": True}
    event = {"id": "e1", "type": "user.created", "data": {"object": profile}}
    (tmp_path / "event.json").write_text(json.dumps(event))
    console = Console("127.0.0.1:1", "keepstep", tmp_path)
    console.env |= {
        "STRIPE_KEY": KEY,
        "KEEPSTEP_WORKER_DESTINATIONS_DIR": str(tmp_path),
    }

    checked = console.keepstep("check", "billing")
    tried = console.keepstep("try", "billing", "event.json")

    assert checked.code == 0, checked.err
    assert KEY not in checked.out
    assert tried.code == 0, tried.err
    assert "  -> nobody" in tried.out
    assert f"POST {stripe.base_url}/v1/customers" in tried.out
    assert "email=Ann%2Bx%40example.com" in tried.out
    assert "outcome: applied (created)" in tried.out
