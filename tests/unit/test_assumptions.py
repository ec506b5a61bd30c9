"""What we rely on inside Faust and aiokafka: the installed ones, and changed ones."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import faust.streams
import pytest
from faust.transport import consumer

from events.exits import BadConfiguration
from processors.group import assumptions


def test_the_installed_versions_are_as_we_need_them() -> None:
    assumptions.check()


def test_another_version_is_refused_with_the_cure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(assumptions.VERSIONS, "aiokafka", "0.15")

    with pytest.raises(BadConfiguration) as refused:
        assumptions.check()

    assert "aiokafka 0.14" in str(refused.value)
    assert "aiokafka 0.15 is needed" in str(refused.value)
    assert "--require-hashes --no-deps -r requirements/run.txt" in str(refused.value)


def test_faust_without_its_compiled_stream_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(faust.streams, "_CStreamIterator", None)

    with pytest.raises(BadConfiguration, match="compiled stream is missing"):
        assumptions.check()


@pytest.mark.parametrize(
    ("owner", "name"),
    [(owner, name) for owner, name, _ in assumptions.OVERRIDDEN + assumptions.USED],
)
def test_a_method_that_has_changed_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, owner: type, name: str
) -> None:
    def changed(_: Any, *anything: Any) -> Any:
        return anything

    monkeypatch.setattr(owner, name, changed)

    with pytest.raises(BadConfiguration, match=rf"{owner.__name__}\.{name} "):
        assumptions.check()


@pytest.mark.parametrize(
    ("committed", "acked", "wrongly"),
    [(None, [5], 6), (100, [101, 102, 103, 104], 105)],
    ids=["none committed, 0 to 4 in hand", "100 in hand"],
)
def test_faust_by_itself_still_commits_past_what_is_in_hand(
    committed: int | None, acked: list[int], wrongly: int
) -> None:
    # When this fails, Faust has been mended, and part of our consumer can go.
    state = SimpleNamespace(
        _acked={"tp": acked},
        _acked_index={"tp": set(acked)},
        _gap={"tp": []},
        _committed_offset={"tp": committed},
    )
    new_offset: Any = consumer.Consumer._new_offset

    assert new_offset(state, "tp") == wrongly
