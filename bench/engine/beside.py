"""The measures that are programs of their own, and what their last line says."""

from __future__ import annotations

import importlib.util
import subprocess
from collections.abc import Callable, Sequence

from bench.delivery import environments

Say = Callable[[str], None]
RESULT = "RESULT "


def measured(module: str, options: Sequence[str], say: Say) -> dict[str, str]:
    """Run *module*, pass on what it says, and return what its `RESULT` line names.

    Nothing where there is no such module or no such line.
    """
    if importlib.util.find_spec(module) is None:
        say(f"{module} is left out: it is not there")
        return {}
    named = dict[str, str]()
    with subprocess.Popen(
        [str(environments.of_ours()), "-m", module, *options],
        stdout=subprocess.PIPE,
        text=True,
    ) as started:
        assert started.stdout is not None  # noqa: S101 -- it is a pipe
        for line in started.stdout:
            if line.startswith(RESULT):
                named = values(line)
            else:
                say(line.rstrip("\n"))
    return named


def values(line: str) -> dict[str, str]:
    """Return what a `RESULT` line names.

    >>> values("RESULT allowance_used=0.991 answers_429=0")
    {'allowance_used': '0.991', 'answers_429': '0'}
    """
    pairs = (word.partition("=") for word in line.removeprefix(RESULT).split())
    return {name: value for name, _, value in pairs}
