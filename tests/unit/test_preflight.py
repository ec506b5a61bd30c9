"""The preflight as a process, with whatever Python runs the tests."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "sandbox/preflight.py"
NOWHERE = "http://user:hidden@127.0.0.1:9"


def preflight(directory: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    hidden = {"PIP_INDEX_URL", "PIP_NO_INDEX", "HTTPS_PROXY", "https_proxy"}
    inherited = {n: v for n, v in os.environ.items() if n not in hidden}
    return subprocess.run(
        [sys.executable, SCRIPT],
        cwd=directory,
        env={**inherited, **environ},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize("name", ["PIP_INDEX_URL", "HTTPS_PROXY"])
def test_an_index_that_refuses_is_one_line_with_a_cure_and_no_password(
    tmp_path: Path, name: str
) -> None:
    done = preflight(tmp_path, **{name: NOWHERE})

    assert done.returncode == 2
    assert done.stderr.startswith("preflight: the package index")
    assert done.stderr.count("\n") == 1
    assert "set HTTPS_PROXY or PIP_INDEX_URL" in done.stderr
    assert "hidden" not in done.stderr


@pytest.mark.alone
def test_once_all_is_installed_no_index_is_asked(tmp_path: Path) -> None:
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv/.run").touch()

    began = time.monotonic()
    done = preflight(tmp_path, HTTPS_PROXY=NOWHERE)

    assert (done.returncode, done.stderr) == (0, "")
    assert time.monotonic() - began < 2.0
