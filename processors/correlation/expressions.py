"""JSONata: computed fields and conditions, compiled at load, bounded at work."""

from __future__ import annotations

from typing import Any

import msgspec
from jsonata import Jsonata
from jsonata.jexception import JException

from events.model import MISSING

MILLISECONDS_MAX = 100
DEPTH_MAX = 200
_json = msgspec.json.Decoder()


class Unmappable(ValueError):
    """There is no value to be had: leave the field alone, and say that it was so."""


class Expression:
    """One JSONata expression.

    Raises:
        ValueError: The text is no JSONata.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        try:
            self._compiled = Jsonata(text)
        except (JException, ValueError, TypeError, IndexError, RecursionError) as error:
            raise ValueError(f"is no JSONata: {error}") from None
        self._compiled.set_validate_input(False)
        # Else what JSONata calls null and what it calls undefined were both None.
        self._compiled.set_output_convert_nulls(False)

    def of(self, profile: dict[str, Any]) -> Any:
        """Return the value for *profile* as plain JSON, or MISSING where undefined.

        Raises:
            Unmappable: It does not fit the profile, gives no JSON, takes more than
                `MILLISECONDS_MAX`, or goes deeper than `DEPTH_MAX`.
        """
        bounds = self._compiled.create_frame()
        # Given to the constructor, the time would run from the load on.
        bounds.set_runtime_bounds(MILLISECONDS_MAX, DEPTH_MAX)
        try:
            found = self._compiled.evaluate(profile, bounds)
        except Exception as error:  # noqa: BLE001 -- the library raises of every kind
            raise Unmappable(type(error).__name__) from None
        if found is None:
            return MISSING
        if isinstance(found, str | bool | int):
            return found
        try:
            return _json.decode(msgspec.json.encode(found, enc_hook=_null))
        except (TypeError, NotImplementedError, msgspec.MsgspecError) as error:
            raise Unmappable(type(error).__name__) from None

    def holds(self, profile: dict[str, Any]) -> bool:
        """Whether the value for *profile* is true; what cannot be had is not."""
        try:
            found = self.of(profile)
        except Unmappable:
            return False
        return found is not MISSING and bool(found)


def _null(value: Any) -> None:
    """Return what the library's own null stands for."""
    if type(value).__name__ != "NullValue":
        raise TypeError
