"""Versions: plain tuples in order of time."""

from __future__ import annotations

from processors.delivery.version import Version


def test_time_comes_first_then_the_update_then_the_id() -> None:
    versions = [
        Version("2025-01-01", "", "z"),
        Version("2025-01-02", "", "b"),
        Version("2025-01-02", "2025-01-01", "a"),
        Version("2025-01-02", "2025-01-01", "b"),
        Version("2025-01-02", "2025-01-03", "a"),
    ]

    assert sorted(versions, reverse=True) == versions[::-1]


def test_just_below_is_older_than_itself_and_newer_than_all_that_was() -> None:
    before, now = Version("1", "", "a"), Version("1", "", "b")

    assert before < now.just_below() < now
    assert now.just_below() == Version("1", "", "b", 0)
    assert now.whole == 1
