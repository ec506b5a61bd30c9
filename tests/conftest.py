"""Fixtures that every test may ask for; each lives in a small module of its own."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support.broker import installation, kafka, topics
from tests.support.turns import turn

__all__ = ["installation", "kafka", "topics"]

# How long an example takes says more about the machine than about the example.
settings.register_profile("keepstep", settings(), deadline=None)
settings.load_profile("keepstep")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Run a test beside others; one marked `alone` by itself."""
    if not hasattr(item.config, "workerinput"):
        return (yield)  # one process: nothing runs beside it
    shared = Path(item.config.getoption("basetemp")).parent
    with turn(shared, alone=item.get_closest_marker("alone") is not None):
        return (yield)
