"""A secret of a destination file: never printed, and read where it stands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic_core import core_schema

BY_REFERENCE = (
    'a secret stands here by reference only: write {env = "NAME"} and set NAME in the '
    "environment, in .env or in KEEPSTEP_SECRETS_DIR"
)


class Referenced(str):
    """What a reference of a file stands for, with the way to read it again."""

    __slots__ = ("again",)
    again: Callable[[], str]

    def __repr__(self) -> str:
        return "Referenced('**********')"


def referenced(read: Callable[[], str]) -> Referenced:
    """Return what *read* gives now."""
    value = Referenced(read())
    value.again = read
    return value


class Secret:
    """A value that the file only refers to; a literal is refused.

    It is read anew by every `now`: a mounted secret may change while a worker runs.
    """

    def __init__(self, read: Callable[[], str]) -> None:
        self._read = read

    def now(self) -> str:
        """Return the secret as it is now."""
        return self._read()

    def __repr__(self) -> str:
        return "Secret('**********')"

    @classmethod
    def __get_pydantic_core_schema__(
        cls, *_: object
    ) -> core_schema.PlainValidatorFunctionSchema:
        return core_schema.no_info_plain_validator_function(cls._validated)

    @classmethod
    def _validated(cls, value: Any) -> Secret:
        if isinstance(value, Secret):
            return value
        if not isinstance(value, Referenced):
            raise ValueError(BY_REFERENCE)  # noqa: TRY004 -- pydantic's word for refused
        # A header cannot hold these, and an answer could be led astray by them.
        if not value.isascii() or not value.isprintable():
            raise ValueError(
                "the secret holds a line break or another character that no header "
                "takes: write it anew, without them"
            )
        return cls(value.again)
