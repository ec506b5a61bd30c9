"""Finds the fault that the walk must find."""

from __future__ import annotations

import pytest

from tests.explorer.scenarios import named
from tests.explorer.walk import Fault, walk


def fault(scenario: str) -> str:
    """Return what the walk of *scenario* finds wrong."""
    with pytest.raises(Fault) as found:
        walk(named(scenario))
    return str(found.value.error)
