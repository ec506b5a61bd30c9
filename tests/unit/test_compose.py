"""Dockerfile, docker-compose.yml and .env.example, read as files: no Docker is needed.

Real: the files, the Compose specification's own schema, the settings models and the
command line that the containers run.
"""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from pydantic_settings import BaseSettings
from typer.testing import CliRunner

from console.__main__ import app
from events.kafka import KafkaSettings
from events.settings import InstallationSettings
from ingest.settings import IngestSettings
from processors.settings import WorkerSettings

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OWN = [name for name, service in SERVICES.items() if "build" in service]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
ENV_EXAMPLE = (ROOT / ".env.example").read_text()
SHARED: tuple[type[BaseSettings], ...] = (InstallationSettings, KafkaSettings)
MODELS: dict[str, tuple[type[BaseSettings], ...]] = {
    "topics": SHARED,
    "ingest": (*SHARED, IngestSettings),
    "worker": (*SHARED, WorkerSettings),
    "crm": (),
}
OTHER_NAMES = {"worker": {"KEEPSTEP_CRM_URL", "KEEPSTEP_CRM_TOKEN"}}
OTHER_NAMES["crm"] = {"KEEPSTEP_SANDBOX_CRM_TOKEN"}


def names_of(model: type[BaseSettings]) -> set[str]:
    prefix = model.model_config.get("env_prefix", "")
    return {f"{prefix}{name}".upper() for name in model.model_fields}


def known_to(service: str) -> set[str]:
    names = {name for model in MODELS[service] for name in names_of(model)}
    return names | OTHER_NAMES.get(service, set())


def seconds(text: str) -> int:
    return int(text.removesuffix("s"))


def test_the_compose_file_keeps_to_the_specification() -> None:
    schema = json.loads((ROOT / "tests/payloads/compose-spec.json").read_text())

    jsonschema.Draft7Validator(schema).validate(COMPOSE)


def test_the_schema_refuses_a_misspelt_key() -> None:
    schema = json.loads((ROOT / "tests/payloads/compose-spec.json").read_text())
    wrong = {"services": {"kafka": {"image": "apache/kafka:4.3.1", "helthcheck": {}}}}

    with pytest.raises(jsonschema.ValidationError, match="helthcheck"):
        jsonschema.Draft7Validator(schema).validate(wrong)


@pytest.mark.parametrize("name", SERVICES)
def test_every_image_is_pinned_to_a_version(name: str) -> None:
    assert re.fullmatch(r"[a-z/]+:\d+\.\d+\.\d+", SERVICES[name]["image"])


def test_the_image_builds_on_a_pinned_python_and_locked_packages() -> None:
    assert set(re.findall(r"(?m)^FROM (\S+)", DOCKERFILE)) == {"python:3.13-slim"}
    assert "--require-hashes --no-deps --requirement requirements/run.txt" in DOCKERFILE


def test_the_image_has_the_version_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert f'image.version="{project["version"]}"' in DOCKERFILE
    assert {SERVICES[name]["image"] for name in OWN} == {
        f"keepstep:{project['version']}"
    }


def test_the_image_is_given_every_package_and_nothing_else() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])
    copied = set(re.findall(r"(?m)^COPY (\w+) \1$", DOCKERFILE))
    ignore = (ROOT / ".dockerignore").read_text().splitlines()

    assert copied == packages
    assert "*" in ignore
    assert {line[1:] for line in ignore if line.startswith("!")} == packages | {
        "pyproject.toml",
        "README.md",
        "requirements/run.txt",
    }


def test_the_image_runs_keepstep_as_a_user_that_is_not_root() -> None:
    final = DOCKERFILE.rpartition("FROM ")[2]

    assert re.findall(r"(?m)^USER (.+)$", final) == ["10001:10001"]
    assert re.findall(r"(?m)^ENTRYPOINT (.+)$", final) == ['["keepstep"]']


@pytest.mark.parametrize("name", OWN)
def test_our_containers_can_write_nowhere_and_gain_no_rights(name: str) -> None:
    service = SERVICES[name]

    assert service["read_only"]
    assert service["tmpfs"] == ["/tmp"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_tells_whether_it_is_well_or_ends_by_itself(name: str) -> None:
    service = SERVICES[name]
    waits = [other.get("depends_on", {}).get(name) for other in SERVICES.values()]
    conditions = {wait["condition"] for wait in waits if wait}

    if service["restart"] == "no":
        assert conditions == {"service_completed_successfully"}
    else:
        assert service["restart"] == "unless-stopped"
        assert service["healthcheck"]["test"]
        assert conditions <= {"service_healthy"}


@pytest.mark.parametrize("name", SERVICES)
def test_every_port_is_bound_to_this_machine_alone(name: str) -> None:
    for port in SERVICES[name].get("ports", []):
        assert port.startswith("127.0.0.1:")


@pytest.mark.parametrize("name", OWN)
def test_a_secret_stands_nowhere_and_a_missing_one_is_told(name: str) -> None:
    for variable, value in SERVICES[name]["environment"].items():
        if re.search("SECRET|TOKEN|PASSWORD", variable):
            found = re.fullmatch(r"\$\{(\w+):\?(.+)\}", value)
            assert found, variable
            assert ".env" in found[2]
            assert re.search(rf"(?m)^{found[1]}=$", ENV_EXAMPLE)


@pytest.mark.parametrize("name", OWN)
def test_every_variable_is_a_setting_that_the_service_reads(name: str) -> None:
    assert SERVICES[name]["environment"].keys() <= known_to(name)


def test_every_variable_of_the_example_is_a_setting() -> None:
    named = set(re.findall(r"(?m)^#?(KEEPSTEP_\w+)=", ENV_EXAMPLE))

    assert named <= set().union(*map(known_to, OWN))


@pytest.mark.parametrize("name", OWN)
def test_every_command_is_one_that_keepstep_knows(name: str) -> None:
    result = CliRunner().invoke(app, [*SERVICES[name]["command"], "--help"])

    assert result.exit_code == 0, result.output


@pytest.mark.parametrize(("name", "seconds_min"), [("worker", 25), ("ingest", 10)])
def test_a_stop_waits_longer_than_the_process_takes(
    name: str, seconds_min: int
) -> None:
    assert seconds(SERVICES[name]["stop_grace_period"]) > seconds_min
