"""`python -m tests.mutants`: how many small faults in the delivery rules tests notice.

mutmut makes the faults in a copy of the tree, and runs the unit and property tests of
`processors/delivery` on each. Names of functions given besides choose among them.
"""

from __future__ import annotations

import ast
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
COPIED = ("processors", "events", "destinations")
TESTS = (
    "tests/unit/delivery",
    "tests/unit/test_retry.py",
    *(f"tests/support/{name}.py" for name in ("core", "street", "trial")),
)
SETTINGS = f"""
[tool.mutmut]
source_paths = ["processors/delivery"]
pytest_add_cli_args_test_selection = ["tests/unit"]
also_copy = {json.dumps([*COPIED, "tests"])}
"""
# mutmut asks each test for a name that pytest 9.2 does not keep any more.
NAMES = """
import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    for item in items:
        item._nodeid = item.nodeid
"""
SCORE_MIN = 90.0
SECONDS_MAX = 3600
MEMORY_BYTES_MAX = 4 * 1024**3  # a fault may be a loop that fills memory


def main(arguments: list[str]) -> int:
    """Print the faults that nobody noticed and the score; 1 where that is too low."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))
    with tempfile.TemporaryDirectory(prefix="keepstep-mutants-") as name:
        tree = Path(name)
        _copy(tree)
        _mutmut(tree, "run", "--max-children", str(os.cpu_count() or 1), *arguments)
        _mutmut(tree, "export-cicd-stats")
        stats = tree / "mutants" / "mutmut-cicd-stats.json"
        if not stats.exists():
            sys.stdout.write("mutmut ended before it had made a fault\n")
            return 2
        found = json.loads(stats.read_text(encoding="utf-8"))
        _mutmut(tree, "results")
    noticed, total = found["killed"] + found["timeout"], found["total"]
    untried = total - noticed - found["survived"]
    score = 100 * noticed / total
    sys.stdout.write(
        f"RESULT mutants={total} noticed={noticed} untried={untried} "
        f"score={score:.1f}\n"
    )
    return 0 if score >= SCORE_MIN else 1


def _copy(tree: Path) -> None:
    for name in (*COPIED, *TESTS):
        source, target = ROOT / name, tree / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, target, ignore=ignored)
        else:
            shutil.copy(source, target)
    for path in (tree / "processors" / "delivery").glob("*.py"):
        path.write_text(_undecorate(path.read_text("utf-8")), "utf-8")
    settings = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    (tree / "pyproject.toml").write_text(settings + SETTINGS, encoding="utf-8")
    (tree / "tests" / "conftest.py").write_text(NAMES, encoding="utf-8")


def _undecorate(source: str) -> str:
    """Apply dataclass and property by hand: mutmut passes decorated code over."""
    lines = source.splitlines()
    found = [
        (node, decorator)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ClassDef | ast.FunctionDef)
        for decorator in node.decorator_list
        if "dataclass" in ast.unparse(decorator) or ast.unparse(decorator) == "property"
    ]
    for node, decorator in sorted(found, key=lambda pair: pair[0].lineno, reverse=True):
        applied = f"{node.name} = {ast.unparse(decorator)}({node.name})"
        lines.insert(node.end_lineno or 0, " " * node.col_offset + applied)
        del lines[decorator.lineno - 1]
    return "\n".join(lines) + "\n"


def _mutmut(tree: Path, *arguments: str) -> None:
    sys.stdout.flush()
    command = [sys.executable, "-m", "mutmut", *arguments]
    subprocess.run(command, cwd=tree, check=False, timeout=SECONDS_MAX)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
