"""Whatever bytes come in: real process, real Kafka, bodies made up by hypothesis."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from events.topics import Topics
from tests.support.ingest import running_ingest
from tests.support.posting import Poster
from tests.support.topics import read_topic

PAYLOADS = Path(__file__).parents[1] / "payloads" / "auth0"
PUBLISHED = [path.read_bytes() for path in sorted(PAYLOADS.glob("*.json"))]
EXAMPLES, BODIES_EACH = 100, 50

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.just("\ud800"),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=8,
)


@st.composite
def cut_and_pasted(draw: st.DrawFn) -> bytes:
    """A published payload with some bytes gone, changed or put in."""
    body = draw(st.sampled_from(PUBLISHED))
    start = draw(st.integers(0, len(body)))
    end = start + draw(st.integers(0, 40))
    return body[:start] + draw(st.binary(max_size=12)) + body[end:]


@st.composite
def with_odd_values(draw: st.DrawFn) -> bytes:
    """A published payload in which some value is something else."""
    event: Any = json.loads(draw(st.sampled_from(PUBLISHED)))
    place, step = event, draw(st.sampled_from(sorted(event)))
    while isinstance(place[step], dict) and place[step] and draw(st.booleans()):
        place = place[step]
        step = draw(st.sampled_from(sorted(place)))
    place[step] = draw(json_values)
    return json.dumps(event).encode()


any_body = (
    st.binary(max_size=200)
    | json_values.map(lambda value: json.dumps(value).encode())
    | cut_and_pasted()
    | with_odd_values()
)


def test_every_authenticated_body_is_in_exactly_one_topic(
    kafka: str, topics: Topics
) -> None:
    posted: Counter[bytes] = Counter()
    statuses: Counter[int] = Counter()

    with (
        running_ingest(
            kafka, topics.installation, KEEPSTEP_INGEST_LINGER_MS="0"
        ) as ingest,
        Poster(ingest.url, ingest.authorization) as poster,
    ):

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            phases=[Phase.generate],  # the count is the promise; nothing to shrink
            suppress_health_check=list(HealthCheck),
            database=None,
        )
        @given(st.lists(any_body, min_size=BODIES_EACH, max_size=BODIES_EACH))
        def post_all(bodies: list[bytes]) -> None:
            for body in bodies:
                statuses[poster.post(body).status] += 1
                posted[body] += 1

        post_all()

    assert posted.total() >= EXAMPLES * BODIES_EACH
    assert statuses == {202: posted.total()}
    events = [
        record.value
        for record in read_topic(kafka, topics.events.name)
        if not record.headers["event-type"].startswith("keepstep.")
    ]
    kept = [record.value for record in read_topic(kafka, topics.quarantine.name)]
    assert events
    assert kept
    assert Counter(events) + Counter(kept) == posted
    assert not set(events) & set(kept)
