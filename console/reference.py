"""Writes the reference page of settings out of the models that read them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings

from events.kafka import KafkaSettings
from events.settings import InstallationSettings
from ingest.settings import IngestSettings
from processors.destination import Destination
from processors.settings import WorkerSettings

_SETTINGS: tuple[tuple[str, type[BaseSettings]], ...] = (
    ("Every process", InstallationSettings),
    ("Kafka, every process", KafkaSettings),
    ("Ingest", IngestSettings),
    ("Worker", WorkerSettings),
)
_HEAD = """# Settings

Written by `keepstep reference` from the models that read the settings.

A value comes from the environment, else from `.env` in the working directory,
else from the directory `KEEPSTEP_SECRETS_DIR`, a file of that name in lower case.
A name that begins like ours and is no setting is refused, with what was meant.
Wrong settings end a process with exit code 2 before anything is consumed;
a broker that does not answer ends it with 3.
"""
_FILE = """
## Destination files

One TOML file for each destination, `destinations/<name>.toml`.
`{env = "NAME"}` stands for what the environment holds under NAME;
secrets are written in no other way.

"""
_VARIABLES = "| variable | default | meaning |\n| --- | --- | --- |\n"
_KEYS = "| key | default | meaning |\n| --- | --- | --- |\n"


def settings_page() -> str:
    """Return the whole page as Markdown."""
    parts = [_HEAD]
    for title, model in _SETTINGS:
        parts.append(f"\n## {title}\n\n{_VARIABLES}")
        prefix = model.model_config.get("env_prefix", "")
        for name, field in model.model_fields.items():
            parts.append(_row(f"{prefix}{name}".upper(), field))
    parts.append(_FILE + _KEYS)
    parts += [_row(name, field) for name, field in _keys(Destination, "")]
    return "".join(parts)


def _keys(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, FieldInfo]]:
    for name, field in model.model_fields.items():
        inner = _table(field.annotation)
        if inner is None:
            yield f"{prefix}{name}", field
        else:
            many = "[]" if inner is not field.annotation else ""
            yield from _keys(inner, f"{prefix}{name}{many}.")


def _table(annotation: Any) -> type[BaseModel] | None:
    """Return the model of a nested table, or of the items of an array of tables."""
    for candidate in (annotation, *getattr(annotation, "__args__", ())):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None


def _row(name: str, field: FieldInfo) -> str:
    return f"| `{name}` | {_default(field)} | {field.description} |\n"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    if field.default is PydanticUndefined:
        return "derived"
    match field.default:
        case None | "" | ():
            return "–"  # noqa: RUF001 -- an empty cell of a table
        case tuple() as values:
            return "`" + ",".join(f"{value:g}" for value in values) + "`"
        case float() as value:
            return f"`{value:g}`"
        case value:
            return f"`{value}`".replace("|", "\\|")
