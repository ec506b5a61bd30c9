"""Runs a coroutine at once; where it need not wait, no task is made of it."""

from __future__ import annotations

import types
from collections.abc import Coroutine, Generator
from typing import Any

Work = Coroutine[Any, Any, None]


def begin(work: Work) -> Work | None:
    """Run *work* until it waits for something; return what is left, None at its end.

    The rest may be awaited in another task. What *work* raises is raised here, as long
    as it runs here.

    >>> async def at_once() -> None:
    ...     print("done")
    >>> begin(at_once())
    done
    """
    try:
        waits_for = work.send(None)
    except StopIteration:
        return None
    return _rest(work, waits_for)


async def _rest(work: Work, waits_for: Any) -> None:
    await _going_on(work, waits_for)


@types.coroutine
def _going_on(work: Work, waits_for: Any) -> Generator[Any, Any, None]:
    while True:
        try:
            came = yield waits_for
        except BaseException as error:  # noqa: BLE001 -- *work* is told of it
            thrown: BaseException | None = error
        else:
            thrown = None
        try:
            waits_for = work.send(came) if thrown is None else work.throw(thrown)
        except StopIteration:
            return
