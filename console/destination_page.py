"""Writes the reference page of destination files out of the models that read them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from console.reference import KEYS, row
from processors.destination import Destination
from processors.destination_file import shipped

_HEAD = """# Destination files

Written by `keepstep reference destination-file` from the models that read the files.

There is one TOML file for each destination, `<name>.toml`.
The folder is the one that `KEEPSTEP_WORKER_DESTINATIONS_DIR` names.
`keepstep check <name>` prints what holds, where each key came from, and tries it.

`{{env = "NAME"}}` stands for a value that is not in the file.
It is in the environment, else in `.env`, else in a file of that name in lower case
in the folder `KEEPSTEP_SECRETS_DIR`.
A secret is written in no other way.
A mounted secret is read again when the destination refuses the old one.

`extends = "PRESET"` takes a file that comes with Keepstep:
{presets}.
Tables merge key by key, and this file's keys win; a list replaces the whole list.

In paths, queries and bodies some words in braces stand for a value:

- `{{email}}`, `{{user_id}}` and `{{id}}` for what the call is about,
- `{{user_id_field}}` for `lookup.user_id_field`,
- `{{field_names}}` for the names of all mapped fields, with commas between.

Values are escaped where they stand.
A dot in the name of a field leads into an object: `"address.city" = "…"`.

A mistake ends a process with exit code 2 and one line: file, key and cure.
"""


def destination_page() -> str:
    """Return the whole page as Markdown."""
    presets = ", ".join(f"`{p.stem}`" for p in sorted(shipped().glob("*.toml")))
    return _HEAD.format(presets=presets) + "".join(_sections(Destination, ""))


def _sections(model: type[BaseModel], path: str) -> Iterator[str]:
    tables: list[tuple[str, FieldInfo, list[type[BaseModel]]]] = []
    rows: list[str] = []
    for name, field in model.model_fields.items():
        inner = list(dict.fromkeys(_models(field.annotation)))
        if inner:
            tables.append((field.alias or name, field, inner))
        if not inner or field.description:
            rows.append(row(field.alias or name, field))
    if rows:
        yield f"\n{KEYS}" + "".join(rows)
    for name, field, inner in tables:
        many = "[]" if "tuple" in str(field.annotation) else ""
        many = ".<field>" if "dict" in str(field.annotation) else many
        inside = f"{path}.{name}{many}".lstrip(".")
        for table in inner:
            title = f"`{inside}`{_kind(table) if len(inner) > 1 else ''}"
            yield f"\n## {title}\n\n{_promise(table)}\n"
            yield from _sections(table, inside)


def _kind(model: type[BaseModel]) -> str:
    """Say which `type` a table has that may be one of several, if it has one."""
    if "type" not in model.model_fields:
        return ""
    (name,) = get_args(model.model_fields["type"].annotation)
    return f', `type = "{name}"`'


def _promise(model: type[BaseModel]) -> str:
    return (model.__doc__ or "").strip().partition("\n")[0]


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield the models of nested tables, wherever they stand in a type."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in getattr(annotation, "__args__", ()):
        yield from _models(part)
