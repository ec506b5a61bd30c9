"""Customers as Stripe keeps them: form-encoded in, JSON out, metadata apart."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from typing import Any

Customer = dict[str, Any]
CUSTOMERS_MAX = 10_000
PLAIN = ("email", "name", "phone")
_METADATA = re.compile(r"metadata\[([^\[\]]{1,40})\]")


class BadCustomer(Exception):
    """The form cannot be taken; the message says which parameter is wrong."""


class Customers:
    """All customers, in memory; the newest first where they are listed."""

    def __init__(self) -> None:
        self._customers: dict[str, Customer] = {}

    def create(self, form: Iterable[tuple[str, str]]) -> Customer:
        """Return a new customer with what *form* says."""
        if len(self._customers) >= CUSTOMERS_MAX:
            raise BadCustomer(f"there is room for {CUSTOMERS_MAX} customers")
        made: Customer = {
            "id": f"cus_{secrets.token_hex(7)}",
            "object": "customer",
            **dict.fromkeys(PLAIN),
            "metadata": {},
        }
        changed = _changed(made, form)
        self._customers[changed["id"]] = changed
        return changed

    def get(self, customer_id: str) -> Customer | None:
        """Return one customer, None where nobody has that id."""
        return self._customers.get(customer_id)

    def update(
        self, customer_id: str, form: Iterable[tuple[str, str]]
    ) -> Customer | None:
        """Change what *form* says and nothing else, and return the customer."""
        known = self._customers.get(customer_id)
        if known is None:
            return None
        self._customers[customer_id] = _changed(known, form)
        return self._customers[customer_id]

    def delete(self, customer_id: str) -> bool:
        """Remove one customer; return whether there was one."""
        return self._customers.pop(customer_id, None) is not None

    def listed(self, email: str | None) -> list[Customer]:
        """Return those with *email*, compared with its case as Stripe does, or all."""
        return [
            customer
            for customer in reversed(self._customers.values())
            if email is None or customer["email"] == email
        ]


def _changed(customer: Customer, form: Iterable[tuple[str, str]]) -> Customer:
    """Return *customer* as *form* makes it; an empty value clears, as at Stripe.

    >>> _changed({"metadata": {"a": "1", "b": "2"}}, [("metadata[a]", "")])
    {'metadata': {'b': '2'}}
    """
    changed = customer | {"metadata": dict(customer["metadata"])}
    for name, value in form:
        if name in PLAIN:
            changed[name] = value or None
        elif found := _METADATA.fullmatch(name):
            changed["metadata"].pop(found[1], None)
            if value:
                changed["metadata"][found[1]] = value
        else:
            raise BadCustomer(f"received unknown parameter: {name}")
    return changed
