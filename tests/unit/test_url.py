"""URLs never leave base_url: plain functions, no network."""

from __future__ import annotations

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from processors.rest.url import below

BASE = "https://crm.example.com/v1"


@pytest.mark.parametrize("record_id", ["..", ".", ""])
def test_an_id_that_would_leave_the_path_is_refused(record_id: str) -> None:
    with pytest.raises(ValueError, match="leave base_url"):
        below(BASE, "/contacts/{id}", {"id": record_id})


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=50))
def test_whatever_the_id_the_url_stays_below_base_url(record_id: str) -> None:
    try:
        url = below(BASE, "/contacts/{id}", {"id": record_id})
    except ValueError:
        return

    found = httpx.URL(url)
    assert found.host == "crm.example.com"
    assert found.raw_path.startswith(b"/v1/contacts/")
    assert found.raw_path.count(b"/") == 3
    assert not found.query
    assert not found.fragment
    assert str(URL(url, encoded=True)) == url  # aiohttp's view of it


def test_an_auth0_id_is_percent_encoded() -> None:
    assert (below(BASE, "/contacts/{id}", {"id": "auth0|1"})).endswith(
        "/contacts/auth0%7C1"
    )


@pytest.mark.parametrize("path", ["/a/../b", "/%2e%2e/b", "/./b", "/a//b"])
def test_a_path_that_climbs_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="leave base_url"):
        below(BASE, path)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=50))
def test_an_email_is_one_value_of_the_query_whatever_it_holds(email: str) -> None:
    url = below(BASE, "/contacts", query={"email": email})

    assert httpx.URL(url).params.multi_items() == [("email", email)]
