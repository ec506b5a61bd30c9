"""The pages agree with the code and with each other; nothing is started."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import get_args

import pytest

from console.__main__ import tree
from console.commands_page import commands_page
from console.destination_page import destination_page
from console.reference import settings_page
from events import headers
from events.topics import Topics
from ingest.messages import FOREIGN_SOURCE
from processors.delivery.commands import CommandName

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
# Written in parts, so that this file does not name what it looks for.
REGISTRIES = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("maven", "org"),
        ("crates", "io"),
        ("proxy", "golang", "org"),
    )
]


def test_the_settings_page_is_what_the_models_say() -> None:
    page = ROOT / "docs/reference/settings.md"

    assert page.read_text() == settings_page(), "run `make docs`"


def test_the_destination_page_is_what_the_models_say() -> None:
    page = ROOT / "docs/reference/destination-file.md"

    assert page.read_text() == destination_page(), "run `make docs`"


def test_the_commands_page_is_what_the_command_line_says() -> None:
    page = ROOT / "docs/reference/commands.md"

    assert page.read_text() == commands_page(tree()), "run `make docs`"


def test_the_example_environment_names_known_settings_and_holds_no_secret() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    pairs = dict(line.split("=", 1) for line in lines if "=" in line and line[0] != "#")
    crm = (ROOT / "destinations/crm.toml").read_text()

    for name, value in pairs.items():
        assert f"`{name}`" in settings_page() or name in crm
        if name.endswith(("SECRET", "TOKEN", "TOKENS")):
            assert value == ""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def test_the_topics_page_names_every_topic_and_header() -> None:
    page = (ROOT / "docs/reference/topics-and-headers.md").read_text()
    topics = Topics("keepstep", 12).all_of(["<destination>"])
    names = [
        value
        for name, value in vars(headers).items()
        if name.isupper() and isinstance(value, str)
    ]

    assert [topic.name for topic in topics if f"`{topic.name}`" not in page] == []
    assert [name for name in names if f"`{name}`" not in page] == []


def test_the_topics_page_names_every_command() -> None:
    page = (ROOT / "docs/reference/topics-and-headers.md").read_text()

    assert [name for name in get_args(CommandName) if f"`{name}`" not in page] == []


def test_the_topics_page_names_every_reason_of_quarantine() -> None:
    page = (ROOT / "docs/reference/topics-and-headers.md").read_text()
    code = (ROOT / "events/codec.py").read_text()
    reasons = {*re.findall(r'UnreadableEvent\("(\w+)"\)', code), FOREIGN_SOURCE}

    assert len(reasons) > 1
    assert [reason for reason in reasons if f"`{reason}`" not in page] == []


def test_no_file_names_the_host_of_a_package_registry() -> None:
    pattern = "|".join(re.escape(host) for host in REGISTRIES)
    found = subprocess.run(
        ["git", "grep", "-lIE", pattern], cwd=ROOT, capture_output=True, check=False
    )

    assert found.stdout == b""
