"""Members that are frozen, killed and started again: real processes, real Kafka."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from events.topics import Topics
from tests.support.eventually import eventually
from tests.support.member_process import member_process
from tests.support.members import SESSION_SECONDS

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]
ALL = [0, 1, 2]


def test_a_frozen_member_knows_when_it_wakes_that_others_may_own_its_partitions(
    kafka: str, topics: Topics, installation: str, tmp_path: Path
) -> None:
    with member_process(kafka, installation, tmp_path) as frozen:
        eventually(lambda: frozen.said("lease"))
        frozen.freeze()
        with member_process(kafka, installation, tmp_path) as other:
            taken = eventually(lambda: other.said("assigned"))
            assert taken[0]["partitions"] == ALL
            woken = time.monotonic()
            frozen.thaw()
            revoked = eventually(lambda: frozen.said("revoked"))

        leases = frozen.said("lease")

    before = [lease for lease in leases if lease["at"] < woken]
    after = [lease for lease in leases if lease["at"] > woken]
    assert all(lease["holds"] for lease in before)
    assert before[-1]["until"] < taken[0]["at"]  # over before another could serve
    assert not after[0]["holds"]
    assert revoked[0]["lost"]
    assert revoked[0]["lease_until"] == 0.0


def test_a_lease_is_renewed_before_it_ends_as_long_as_the_broker_answers(
    kafka: str, topics: Topics, installation: str, tmp_path: Path
) -> None:
    with member_process(kafka, installation, tmp_path) as member:
        first = eventually(lambda: member.said("lease"))[0]
        later = first["at"] + 2 * SESSION_SECONDS
        eventually(lambda: member.said("lease")[-1]["at"] > later)
        leases = member.said("lease")

    assert all(lease["holds"] for lease in leases)
    assert all(lease["until"] - lease["at"] <= SESSION_SECONDS for lease in leases)


def test_a_member_with_a_name_has_its_partitions_back_at_once_after_a_kill(
    kafka: str, topics: Topics, installation: str, tmp_path: Path
) -> None:
    with member_process(kafka, installation, tmp_path, "stays") as other:
        eventually(lambda: other.said("lease"))
        with member_process(kafka, installation, tmp_path, "named") as member:
            mine = eventually(lambda: member.said("assigned"))[0]["partitions"]
            eventually(lambda: len(other.said("assigned")) == 2)
            eventually(lambda: member.said("lease"))
            member.kill()
        with member_process(kafka, installation, tmp_path, "named") as again:
            back = eventually(lambda: again.said("assigned"))[0]

        assert back["partitions"] == mine
        assert back["at"] - again.said("started")[0]["at"] < 5.0
        assert len(other.said("assigned")) == 2  # and the other was not disturbed
