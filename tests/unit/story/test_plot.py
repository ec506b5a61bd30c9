"""The plot of the story has each case that it promises; nothing is started."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from sandbox.story.plot import contacts, customers, steps
from sandbox.story.step import Step

PLOT = steps()


def step(title: str) -> Step:
    [found] = [step for step in PLOT if step.title == title]
    return found


def event(title: str) -> dict[str, Any]:
    return dict(json.loads(step(title).body))


def user(title: str) -> dict[str, Any]:
    return dict(event(title)["data"]["object"])


def test_a_step_is_known_by_its_title() -> None:
    assert len({step.title for step in PLOT}) == len(PLOT)


def test_a_log_in_brings_what_is_known_already_and_may_cost_no_call() -> None:
    before, login = user("part of a profile: a new phone"), "a log-in costs no call"
    named = user("and changes name and phone")

    assert user(login).items() >= before.items()
    assert user(login)["name"] == named["name"]
    assert event(login)["time"] > event("part of a profile: a new phone")["time"]
    assert (step(login).ends, step(login).crm_calls) == ("unchanged", 0)


def test_a_new_email_address_is_that_of_a_known_user_and_costs_one_call() -> None:
    moved = "a new email address costs one"

    assert step(moved).user_id == step("a user signs up").user_id
    assert user(moved)["email"] != user("a user signs up")["email"]
    assert (step(moved).ends, step(moved).crm_calls) == ("updated", 1)


def test_a_change_is_sent_before_its_user_and_is_the_newer_one() -> None:
    early, late = "a change comes before its user", "and the user after it"

    assert PLOT.index(step(early)) == PLOT.index(step(late)) - 1
    assert step(early).user_id == step(late).user_id
    assert event(early)["type"] == "user.updated"
    assert event(late)["type"] == "user.created"
    assert event(early)["time"] > event(late)["time"]
    assert step(early).ends == step(late).ends == "created"


def test_a_merge_deletes_one_login_and_lists_it_with_the_other() -> None:
    gone, kept = "which is merged into the first", "and the first has both"
    listed = [
        f"{identity['provider']}|{identity['user_id']}"
        for identity in user(kept)["identities"]
    ]

    assert event(gone)["type"] == "user.deleted"
    assert listed == [step(kept).user_id, step(gone).user_id]
    assert step(gone).ends == "merged"
    for user_id in listed:
        [contact] = [one for one in contacts() if one["auth0_user_id"] == user_id]
        assert contact["status"] == "active"


def test_who_was_deleted_comes_back_later_and_is_active() -> None:
    gone, back = "another user is deleted", "the other one comes back"
    [contact] = [
        one for one in contacts() if one["auth0_user_id"] == step(back).user_id
    ]

    assert step(gone).user_id == step(back).user_id
    assert event(gone)["time"] < event(back)["time"]
    assert step(gone).ends == "deactivated"
    assert contact["status"] == "active"


def test_a_change_of_nobody_known_waits_for_a_person_and_makes_no_contact() -> None:
    unknown = step("a change of somebody the CRM does not know")

    assert unknown.ends == "waits: unmatched"
    assert unknown.user_id not in {one["auth0_user_id"] for one in contacts()}
    assert unknown.user_id in {one["metadata"]["auth0_user_id"] for one in customers()}


def test_the_tutorial_explains_steps_that_there_are() -> None:
    page = Path(__file__).parents[3] / "docs/tutorial/first-run.md"
    named = re.findall(r"(?<!\*)\*([^*]+)\*(?!\*)", page.read_text())

    assert len(named) > 1
    assert [title for title in named if title not in {s.title for s in PLOT}] == []


@pytest.mark.parametrize("counted", [one for one in PLOT if one.crm_calls is not None])
def test_a_step_whose_calls_are_counted_is_alone(counted: Step) -> None:
    before = PLOT[PLOT.index(counted) - 1]

    assert before.next_when == counted.next_when == "ended"
