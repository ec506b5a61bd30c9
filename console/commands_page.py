"""Writes the reference page of commands out of the command line itself."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

from typer.core import TyperArgument, TyperGroup, TyperOption

_HEAD = """# Commands

Written by `keepstep reference commands` from the command line itself.
`keepstep <command> --help` says the same.

Exit code 0: done.
1: not done, or not yet; what was printed says which.
2: refused, and nothing was changed: the line names what is wrong and the cure.
3: nobody answered, the broker or the destination.
"""
_TABLE = "\n| argument or option | default | meaning |\n| --- | --- | --- |\n"
_NOTHING = "–"  # noqa: RUF001 -- an empty cell of a table


def commands_page(tree: TyperGroup) -> str:
    """Return the whole page as Markdown."""
    return _HEAD + "".join(_sections(tree, "keepstep"))


def _sections(group: TyperGroup, path: str) -> Iterator[str]:
    for name, command in group.commands.items():
        full = f"{path} {name}"
        if isinstance(command, TyperGroup):
            yield from _sections(command, full)
            continue
        asked: list[Any] = command.params
        arguments = [p for p in asked if isinstance(p, TyperArgument)]
        options = [p for p in asked if isinstance(p, TyperOption)]
        said = [full, *map(_named, arguments), *["[options]"][: len(options)]]
        yield f"\n## {full}\n\n    {' '.join(said)}\n\n"
        yield f"{inspect.cleandoc(command.help or '')}\n"
        if asked:
            yield _TABLE + "".join(map(_row, asked))


def _named(argument: TyperArgument) -> str:
    return f"<{argument.name}>" if argument.required else f"[{argument.name}]"


def _row(parameter: TyperArgument | TyperOption) -> str:
    names = [*parameter.opts, *parameter.secondary_opts]
    written = ", ".join(f"`{name}`" for name in names)
    default = "required" if parameter.required else _default(parameter.default)
    meaning = (parameter.help or "").replace("|", "\\|")
    return f"| {written} | {default} | {meaning} |\n"


def _default(value: Any) -> str:
    match value:
        case None | False:
            return _NOTHING
        case True:
            return "yes"
        case float():
            return f"`{value:g}`"
        case _:
            return f"`{value}`"
