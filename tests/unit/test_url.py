"""URLs never leave base_url: plain functions, no network."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.rest.url import below

BASE = "https://crm.example.com/v1"


@pytest.mark.parametrize("record_id", ["..", ".", ""])
def test_an_id_that_would_leave_the_path_is_refused(record_id: str) -> None:
    with pytest.raises(ValueError, match="leave base_url"):
        below(BASE, "/contacts/{id}", record_id)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=50))
def test_whatever_the_id_the_url_stays_below_base_url(record_id: str) -> None:
    try:
        url = below(BASE, "/contacts/{id}", record_id)
    except ValueError:
        return

    assert url.host == "crm.example.com"
    assert url.raw_path.startswith(b"/v1/contacts/")
    assert url.raw_path.count(b"/") == 3
    assert not url.query
    assert not url.fragment


def test_an_auth0_id_is_percent_encoded() -> None:
    assert str(below(BASE, "/contacts/{id}", "auth0|1")).endswith("/contacts/auth0%7C1")
