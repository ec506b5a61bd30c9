"""What may be done to a value between the profile and the record: a closed set."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import phonenumbers
from pydantic import Field, StringConstraints

from processors.correlation.expressions import Unmappable
from processors.correlation.instants import instant
from processors.correlation.table import Table

Scalar = str | bool | int | float
Change = Callable[[Any], Any]
Named = Literal["lower", "trim", "e164", "date", "epoch"]


class E164(Table):
    """A telephone number as +31612345678."""

    e164: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] = Field(
        description="country of numbers that are written without one"
    )


class Epoch(Table):
    """A time as a number."""

    epoch: Literal["seconds", "milliseconds"] = Field(description="since 1970, in UTC")


class Join(Table):
    """Several values as one text."""

    join: str = Field(description="what stands between them; null and empty are left")


class Const(Table):
    """Always the same value, whenever there is one."""

    const: Scalar = Field(description="the value")


class Lookup(Table):
    """One value for another."""

    table: dict[str, Scalar] = Field(min_length=1, description="from = to, as text")
    default: Scalar | None = Field(
        None, description="for what is not in it; else the field is left alone"
    )


Transform = Named | E164 | Epoch | Join | Const | Lookup


def compiled(transform: Transform) -> Change:
    """Return *transform* as a function, which raises `Unmappable` on what it cannot."""
    match transform:
        case E164(e164=country):
            return lambda value: _e164(value, country)
        case Epoch(epoch=unit):
            factor = 1000 if unit == "milliseconds" else 1
            return lambda value: _epoch(value, factor)
        case Join(join=between):
            return lambda value: _join(value, between)
        case Const(const=constant):
            return lambda _: constant
        case Lookup():
            return lambda value: _lookup(value, transform)
        case name:
            return _NAMED[name]


def _lower(value: Any) -> str:
    return _text(value).lower()


def _trim(value: Any) -> str:
    return _text(value).strip()


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise Unmappable("no text")
    return value


def _e164(value: Any, country: str | None = None) -> str:
    try:
        number = phonenumbers.parse(_text(value), country)
    except phonenumbers.NumberParseException:
        raise Unmappable("no telephone number") from None
    if not phonenumbers.is_possible_number(number):
        raise Unmappable("no telephone number")
    written: str = phonenumbers.format_number(
        number, phonenumbers.PhoneNumberFormat.E164
    )
    return written


def _moment(value: Any) -> datetime:
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return datetime.fromtimestamp(value, UTC)
        except (ValueError, OverflowError, OSError):
            raise Unmappable("no time") from None
    text = instant(value) or instant(f"{value}T00:00:00Z")
    if not text:
        raise Unmappable("no time")
    return datetime.fromisoformat(text[:26] + "+00:00")


def _date(value: Any) -> str:
    return _moment(value).date().isoformat()


def _epoch(value: Any, factor: int = 1) -> int:
    return int(_moment(value).timestamp() * factor)


def _join(value: Any, between: str) -> str:
    values = value if isinstance(value, list) else [value]
    if any(isinstance(one, dict | list) for one in values):
        raise Unmappable("no values to be joined")
    return between.join(_written(one) for one in values if one not in (None, ""))


def _lookup(value: Any, lookup: Lookup) -> Scalar:
    plain = not isinstance(value, dict | list)
    found = lookup.table.get(_written(value)) if plain else None
    if found is None:
        found = lookup.default
    if found is None:
        raise Unmappable("not in the table")
    return found


def _written(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


_NAMED: dict[str, Change] = {
    "lower": _lower,
    "trim": _trim,
    "e164": _e164,
    "date": _date,
    "epoch": _epoch,
}
