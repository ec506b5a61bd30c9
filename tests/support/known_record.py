"""A destination with a record that was there before us."""

from __future__ import annotations

from typing import Any

from tests.support.records import Records

MAIL = "ann@example.com"


def known(**fields: Any) -> Records:
    """Return a destination with one record that was there before us."""
    records = Records()
    records.add("old", **{"email": MAIL, "name": "Before", **fields})
    return records
