"""When a member may rely on its partitions; times are the test's own."""

from __future__ import annotations

from processors.group.membership import NO_GENERATION, Membership


def a_member(sent_at: float = 100.0) -> Membership:
    membership = Membership(20.0, 60.0)
    membership.joined(7, sent_at)
    return membership


def test_who_has_not_joined_holds_nothing() -> None:
    membership = Membership(20.0, 60.0)

    membership.confirmed(100.0, rebalancing=False)

    assert not membership.holds(0.0)
    assert not membership.is_member
    assert membership.generation == NO_GENERATION


def test_a_lease_lasts_a_session_from_the_moment_the_heartbeat_was_sent() -> None:
    membership = a_member()

    membership.confirmed(103.0, rebalancing=False)

    assert membership.holds(122.9)
    assert not membership.holds(123.0)


def test_a_call_must_end_within_the_lease() -> None:
    assert a_member().holds(109.9, call_seconds_max=10.0)
    assert not a_member().holds(110.0, call_seconds_max=10.0)


def test_a_late_answer_to_an_early_heartbeat_shortens_no_lease() -> None:
    membership = a_member()

    membership.confirmed(106.0, rebalancing=False)
    membership.confirmed(103.0, rebalancing=False)

    assert membership.holds(125.9)


def test_in_a_rebalance_the_lease_ends_with_the_rebalance_timeout() -> None:
    membership = a_member()

    membership.confirmed(103.0, rebalancing=False)
    for second in range(106, 180, 3):
        membership.confirmed(second, rebalancing=True)

    assert membership.holds(162.9)
    assert not membership.holds(163.0)


def test_who_joins_again_begins_a_new_lease() -> None:
    membership = a_member()
    membership.confirmed(150.0, rebalancing=True)

    membership.joined(8, 155.0)
    membership.confirmed(158.0, rebalancing=False)

    assert membership.generation == 8
    assert membership.holds(177.9)


def test_who_is_evicted_holds_nothing_whatever_is_answered_later() -> None:
    membership = a_member()

    membership.lost()
    membership.confirmed(101.0, rebalancing=False)
    membership.confirmed(101.0, rebalancing=True)

    assert not membership.holds(101.0)
    assert not membership.is_member
