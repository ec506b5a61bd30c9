"""URLs never leave base_url: plain functions, no network."""

from __future__ import annotations

import re
from urllib.parse import unquote

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from processors.rest.templates import in_soql
from processors.rest.url import LeavesBaseUrl, below, is_plain_id, next_page

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


links = st.text(st.sampled_from("/.:@?#%2e\\ab1é\r\n"), max_size=30) | st.sampled_from(
    ["https://crm.example.com/v1/c?page=2", "/v1/c?page=2", "c", "?page=2"]
)


@given(links | st.text(max_size=30))
def test_whatever_page_an_answer_names_it_stays_below_base_url(link: str) -> None:
    try:
        url = next_page(BASE, link)
    except LeavesBaseUrl:
        return

    for seen in (httpx.URL(url), URL(url, encoded=True)):
        assert seen.host == "crm.example.com"
        assert seen.scheme == "https"
        assert seen.port in (None, 443)
    path = URL(url, encoded=True).raw_path
    assert path.startswith("/v1/")
    assert ".." not in [unquote(step) for step in path.split("/")]


@given(st.text(max_size=600))
def test_what_is_taken_for_an_id_is_one_step_of_any_path(text: str) -> None:
    if not is_plain_id(text):
        return

    url = below(BASE, "/contacts/{id}/notes", {"id": text})

    assert URL(url, encoded=True).raw_path.count("/") == 4
    assert not set(text) & set("/\\?#% \n\u200f")


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_what_is_quoted_for_soql_stays_inside_of_its_literal(text: str) -> None:
    quoted = in_soql(text)

    # Read as SOQL does: a backslash takes the next character along.
    rest = re.sub(r"\\.", "", quoted, flags=re.DOTALL)
    assert not set(rest) & set("'\"\\")
    assert re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL) == text
