"""Mapping as plain functions: from a profile to the fields of a record."""

from __future__ import annotations

import time
from typing import Any

import pytest
from pydantic import ValidationError

from processors.correlation.expressions import MILLISECONDS_MAX, Expression
from processors.correlation.mapping import Mapped
from processors.correlation.paths import nested
from processors.correlation.reading import Fingerprints
from processors.correlation.rules import On, Rules

NOTHING: dict[str, Any] = {}
PROFILES: dict[str, dict[str, Any]] = {
    "present": {"phone": "1"},
    "null": {"phone": None},
    "empty": {"phone": ""},
    "absent": {},
}


def rules(**more: Any) -> Rules:
    return Rules(on=On(deleted="deactivate"), deletion_grace_seconds=60.0, **more)


def values(rule: object, profile: dict[str, Any]) -> dict[str, Any]:
    return rules(fields={"x": rule}).mapper.of(profile).values


@pytest.mark.parametrize(
    ("policies", "profile", "expected"),
    [
        ({}, "present", {"x": "1"}),
        ({}, "null", {}),
        ({}, "empty", {}),
        ({}, "absent", {}),
        ({"on_null": "clear"}, "null", {"x": None}),
        ({"on_null": "clear"}, "empty", {}),
        ({"on_null": "clear"}, "absent", {}),
        ({"on_empty": "clear"}, "null", {}),
        ({"on_empty": "clear"}, "empty", {"x": None}),
        ({"on_empty": "clear"}, "absent", {}),
        ({"on_absent": "clear"}, "null", {}),
        ({"on_absent": "clear"}, "empty", {}),
        ({"on_absent": "clear"}, "absent", {"x": None}),
        ({"on_absent": "default:none"}, "absent", {"x": "none"}),
        ({"on_absent": "default:none"}, "null", {}),
        ({"on_absent": "default:none"}, "present", {"x": "1"}),
    ],
)
def test_present_null_empty_and_absent_are_four_things(
    policies: dict[str, str], profile: str, expected: dict[str, Any]
) -> None:
    assert values({"from": "phone", **policies}, PROFILES[profile]) == expected


def test_a_destination_says_what_a_cleared_field_is_sent() -> None:
    cleared = rules(
        fields={"x": {"from": "phone", "on_null": "clear"}}, clears_with="empty"
    )

    assert cleared.mapper.of(PROFILES["null"]).values == {"x": ""}


@pytest.mark.parametrize("policy", ["on_null", "on_empty", "on_absent"])
def test_a_field_that_a_look_up_uses_can_never_be_cleared(policy: str) -> None:
    with pytest.raises(ValidationError, match="never cleared"):
        rules(fields={"mail": {"from": "email", policy: "clear"}})


@pytest.mark.parametrize(
    ("transform", "value", "expected"),
    [
        ("lower", "Ann@Example.COM", "ann@example.com"),
        ("trim", "  Ann ", "Ann"),
        (["trim", "lower"], " ANN ", "ann"),
        ("e164", "+31 6 12345678", "+31612345678"),
        ({"e164": "NL"}, "06 12345678", "+31612345678"),
        ("date", "2025-06-01T23:59:59.123456789Z", "2025-06-01"),
        ("date", "2025-06-01", "2025-06-01"),
        ("date", 0, "1970-01-01"),
        ("epoch", "1970-01-01T00:00:01.5Z", 1),
        ({"epoch": "milliseconds"}, "1970-01-01T00:00:01.5Z", 1500),
        ({"join": ";"}, ["a", None, "", 1], "a;1"),
        ({"const": "lead"}, "anything", "lead"),
        ({"table": {"ent": "Enterprise"}}, "ent", "Enterprise"),
        ({"table": {"true": 1}, "default": 0}, True, 1),
        ({"table": {"true": 1}, "default": 0}, False, 0),
    ],
)
def test_a_transform_makes_of_a_value_what_it_promises(
    transform: object, value: object, expected: object
) -> None:
    found = values({"from": "a", "transform": transform}, {"a": value})

    assert found == {"x": expected}


@pytest.mark.parametrize(
    ("transform", "value"),
    [
        ("lower", 7),
        ("trim", ["a"]),
        ("e164", "call me"),
        ("e164", "0612345678"),
        ("date", "yesterday"),
        ("epoch", {"a": 1}),
        ("epoch", 1e300),
        ({"join": ","}, [{"a": 1}]),
        ({"table": {"ent": 1}}, "other"),
    ],
)
def test_a_value_that_a_transform_cannot_take_leaves_the_field_alone_and_is_told(
    transform: object, value: object
) -> None:
    mapper = rules(fields={"x": {"from": "a", "transform": transform}, "y": "b"}).mapper

    assert mapper.of({"a": value, "b": 1}) == Mapped({"y": 1}, ("x",))


def test_a_transform_is_not_asked_about_null_or_empty() -> None:
    assert values({"from": "a", "transform": "lower"}, {"a": None}) == {}
    assert values({"from": "a", "transform": "trim"}, {"a": "  "}) == {}


def test_a_constant_needs_no_source() -> None:
    assert values({"transform": {"const": "auth0"}}, NOTHING) == {"x": "auth0"}


def test_of_several_sources_all_must_be_there() -> None:
    rule = {"from": ["given", "family"], "transform": {"join": " "}}

    assert values(rule, {"given": "Ann", "family": "Lee"}) == {"x": "Ann Lee"}
    assert values(rule, {"given": "Ann"}) == {}


@pytest.mark.parametrize(
    ("expression", "profile", "expected"),
    [
        ("given & ' ' & family", {"given": "Ann", "family": "Lee"}, {"x": "Ann Lee"}),
        ("nobody", {}, {}),
        ("a", {"a": None}, {}),
        ("plan = 'ent' ? 'big' : 'small'", {"plan": "ent"}, {"x": "big"}),
        ("roles[0]", {"roles": ["a", "b"]}, {"x": "a"}),
        ("roles.name", {"roles": [{"name": "a"}, {"name": "b"}]}, {"x": ["a", "b"]}),
        ('{"a": b}', {"b": None}, {"x": {"a": None}}),
    ],
)
def test_an_expression_is_jsonata_over_the_profile(
    expression: str, profile: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert values({"expr": expression}, profile) == expected


def test_an_expression_is_absent_unless_every_required_path_is_present() -> None:
    rule = {"expr": "given & family", "requires": ["given", "family"]}

    assert values(rule, {"given": "Ann"}) == {}
    assert values(rule, {"given": "Ann", "family": "Lee"}) == {"x": "AnnLee"}


@pytest.mark.parametrize(
    "endless",
    [
        "($f := function($n){ $f($n + 1) }; $f(0))",
        "($f := function($n){ 1 + $f($n + 1) }; $f(0))",
    ],
)
def test_an_expression_is_bounded_in_time_and_depth(endless: str) -> None:
    mapper = rules(fields={"x": {"expr": endless}}).mapper

    for _ in range(2):  # the bounds are of each evaluation, not of all together
        started = time.monotonic()
        found = mapper.of(NOTHING)

        assert found == Mapped({}, ("x",))
        assert time.monotonic() - started < 10 * MILLISECONDS_MAX / 1000


def test_the_time_of_an_expression_begins_anew_with_each_event() -> None:
    expression = Expression("a & 'x'")
    until = time.monotonic() + 2 * MILLISECONDS_MAX / 1000

    while time.monotonic() < until:
        assert expression.of({"a": "1"}) == "1x"


@pytest.mark.parametrize(
    "rule",
    [
        {"expr": "a +"},
        {"expr": "a", "from": "b"},
        {"requires": ["a"], "from": "b"},
        {},
        {"from": "a", "transform": "upper"},
        {"from": "a", "transform": {"e164": "Netherlands"}},
        {"from": "a", "on_absent": "default:"},
        {"from": "a", "on": []},
        {"from": "a b"},
    ],
)
def test_a_rule_that_cannot_work_is_refused_at_load(rule: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        rules(fields={"x": rule})


def test_dotted_targets_make_nested_bodies() -> None:
    fields = {"name": 1, "address.city": "Ulm", "address.geo.lat": 48}

    assert nested(fields) == {"name": 1, "address": {"city": "Ulm", "geo": {"lat": 48}}}


def test_a_target_is_a_value_or_a_table_never_both() -> None:
    with pytest.raises(ValidationError, match="no room"):
        rules(fields={"address": "a", "address.city": "b"})


def test_nothing_is_taken_that_is_not_mapped_by_name() -> None:
    profile = {"name": "Ann", "user_metadata": {"diet": "none"}}

    assert values("name", profile) == {"x": "Ann"}


def test_a_changed_mapping_changes_the_fingerprint_of_the_same_value() -> None:
    of = Fingerprints("secret").of
    sources = {
        rules(fields={"x": rule}).fields["x"].source
        for rule in (
            "a",
            {"from": "b"},
            {"from": "a", "transform": "trim"},
            {"from": "a", "transform": ["trim", "lower"]},
            {"expr": "a"},
            {"expr": "a", "requires": ["a"]},
        )
    }

    assert len(sources) == 6
    assert len({of("x", source, "v") for source in sources}) == 6
    same = {"from": "a", "on_null": "clear"}  # decides what is sent, not its value
    assert rules(fields={"x": same}).fields["x"].source == "a"
