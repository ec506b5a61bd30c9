"""What is not as the story must end has a line of its own; nothing is started."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.story.ending import Held, faults
from sandbox.story.plot import contacts, customers, steps
from sandbox.story.stack import DESTINATIONS
from sandbox.story.table import Row
from sandbox.story.watch import Seen

Record = dict[str, Any]
ANN, JANE, MARY = "auth0|xxxxxxxxxxxx", "auth0|123", "auth0|456"
MARYS_OTHER, ADMIN = "google-oauth2|789", "auth0|admin123"
LOG_IN, MERGED = "a log-in costs no call", "which is merged into the first"


class End:
    """The story as it must end, to be spoilt."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        for step in steps():
            row = Row(step.title, step.event_id, 202, DESTINATIONS)
            row.crm_calls = step.crm_calls
            for name in DESTINATIONS:
                state, record_id = step.ends_at(name), None
                if state.startswith(("created", "updated", "deactivated")):
                    record_id = f"{name} of {step.user_id}"
                row.seen[name] = Seen(
                    name, step.event_id, "", state, record_id, None, ended=True
                )
            self.rows.append(row)
        self.contacts = [
            {"id": f"crm of {one['auth0_user_id']}", **one} for one in contacts()
        ]
        self.customers = [
            {"id": f"billing of {one['metadata']['auth0_user_id']}", **one}
            for one in customers()
        ]

    def row(self, title: str) -> Row:
        [found] = [row for row in self.rows if row.title == title]
        return found

    def contact(self, user_id: str) -> Record:
        [found] = [c for c in self.contacts if c["auth0_user_id"] == user_id]
        return found

    def customer(self, user_id: str) -> Record:
        [found] = [
            c for c in self.customers if c["metadata"]["auth0_user_id"] == user_id
        ]
        return found

    def ends(self, title: str, destination: str, state: str) -> None:
        self.row(title).seen[destination] = Seen(
            destination, None, "", state, None, None, ended=True
        )

    @property
    def faults(self) -> list[str]:
        return faults(self.rows, Held(self.contacts, self.customers))


def test_a_story_that_ended_as_it_must_has_no_fault() -> None:
    assert End().faults == []


SPOILT: list[tuple[Callable[[End], object], str]] = [
    (
        lambda end: setattr(end.row(LOG_IN), "crm_calls", 1),
        f"{LOG_IN}: calls to the CRM: 1, not 0",
    ),
    (
        lambda end: end.ends(LOG_IN, "billing", "updated"),
        f"{LOG_IN}: billing: 'updated' where 'unchanged' was due",
    ),
    (
        lambda end: end.ends(MERGED, "crm", "deactivated"),
        f"{MERGED}: crm: 'deactivated' where 'merged' was due",
    ),
    (
        lambda end: end.contact(MARYS_OTHER).update(status="deactivated"),
        f"contact of {MARYS_OTHER}: status is 'deactivated', not 'active'",
    ),
    (
        lambda end: end.contact(ANN).update(email="user@example.com"),
        f"contact of {ANN}: email is 'user@example.com', not 'ann@example.com'",
    ),
    (
        lambda end: end.contact(JANE).update(id="c_other"),
        f"contact of {JANE}: it is c_other, and the rows name crm of {JANE}",
    ),
    (
        lambda end: end.contacts.append(end.contact(MARY) | {"id": "c_2"}),
        f"contact of {MARY}: there are 2 of them",
    ),
    (
        lambda end: end.contacts.append({"id": "c_3", "auth0_user_id": ADMIN}),
        "contact c_3: nobody was to get one",
    ),
    (
        lambda end: end.customers.remove(end.customer(ADMIN)),
        f"customer of {ADMIN}: there are 0 of them",
    ),
    (
        lambda end: end.customer(MARY).update(phone=None),
        f"customer of {MARY}: phone is None, not '+15550111'",
    ),
    (
        lambda end: setattr(end.row("a user signs up"), "status", 413),
        "a user signs up: the webhook answered 413",
    ),
    (
        lambda end: end.rows.pop(),
        f"{len(steps()) - 1} rows where there must be {len(steps())}",
    ),
]


@pytest.mark.parametrize(("spoil", "line"), SPOILT, ids=[line for _, line in SPOILT])
def test_what_is_not_as_it_must_be_has_a_line(
    spoil: Callable[[End], object], line: str
) -> None:
    end = End()

    spoil(end)

    assert end.faults == [line]


def test_rows_of_one_user_that_name_two_records_are_a_fault() -> None:
    end = End()
    row = end.row("and the user after it")
    row.seen["crm"] = Seen("crm", None, "", "created", "c_2", None, ended=True)

    [line] = end.faults

    assert line == (
        f"contact of {MARY}: it is crm of {MARY}, and the rows name c_2, crm of {MARY}"
    )
