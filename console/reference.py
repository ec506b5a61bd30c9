"""Writes the reference page of settings out of the models that read them."""

from __future__ import annotations

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings

from events.kafka import KafkaSettings
from events.settings import InstallationSettings
from ingest.settings import IngestSettings
from processors.rest.errors import Errors
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
[Destination files](destination-file.md) have a page of their own.
"""
_VARIABLES = "| variable | default | meaning |\n| --- | --- | --- |\n"
_NOTHING = "–"  # noqa: RUF001 -- an empty cell of a table
KEYS = "| key | default | meaning |\n| --- | --- | --- |\n"


def settings_page() -> str:
    """Return the whole page as Markdown."""
    parts = [_HEAD]
    for title, model in _SETTINGS:
        parts.append(f"\n## {title}\n\n{_VARIABLES}")
        prefix = model.model_config.get("env_prefix", "")
        for name, field in model.model_fields.items():
            parts.append(row(f"{prefix}{name}".upper(), field))
    return "".join(parts)


def row(name: str, field: FieldInfo) -> str:
    """Return one line of a table: name, default and meaning."""
    return f"| `{name}` | {_default(field)} | {field.description} |\n"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    if field.default is PydanticUndefined:
        return _NOTHING if field.default_factory is dict else "derived"
    return _written(field.default)


def _written(default: object) -> str:
    match default:
        case None | "" | () | Errors() | BaseModel():
            return _NOTHING
        case bool() as value:
            return f"`{str(value).lower()}`"
        case tuple() as values:
            return f"`{','.join(map(_short, values))}`"
        case float() as value:
            return f"`{value:g}`"
        case value:
            return f"`{value}`".replace("|", "\\|")


def _short(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
