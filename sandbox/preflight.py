"""Says in under two seconds what this machine lacks for `make run`, and the cure.

Runs before anything is installed, with whatever Python there is: standard library only.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import sys
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

PYTHON_MIN = (3, 11)
DISK_MB_MIN = 1200
INDEX_SECONDS_MAX = 1.5
PROCESSORS = ("x86_64", "amd64", "arm64", "aarch64")


def missing_python() -> str | None:
    """Return what is wrong with this Python."""
    if sys.version_info < PYTHON_MIN:
        found = platform.python_version()
        return (
            f"Python {found} is too old: install 3.11 or newer, or say "
            "make PYTHON=/path/to/python3.11"
        )
    for module in ("venv", "ensurepip"):
        if importlib.util.find_spec(module) is None:
            return (
                f"this Python has no module {module}: install it (Debian, Ubuntu: "
                "apt-get install python3-venv)"
            )
    return None


def missing_processor() -> str | None:
    """Return whether compiled packages exist for this processor."""
    if platform.machine().lower() in PROCESSORS:
        return None
    return (
        f"no packages are compiled for {platform.machine()}: use one of "
        + ", ".join(PROCESSORS)
    )


def missing_disk() -> str | None:
    """Return whether packages, Kafka and its log fit here."""
    free_mb = shutil.disk_usage(".").free // 2**20
    if free_mb >= DISK_MB_MIN:
        return None
    return f"{free_mb} MB free here where {DISK_MB_MIN} are needed: make room"


def missing_port() -> str | None:
    """Return whether a port can be had on the loopback address."""
    import socket  # noqa: PLC0415 -- the one check that needs it

    try:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
    except OSError as error:
        return f"no port on 127.0.0.1 ({error.strerror}): allow local sockets"
    return None


def missing_index() -> str | None:
    """Return whether the package index answers, where packages must be installed."""
    installed = Path(".venv/.run").exists() or os.environ.get("PIP_NO_INDEX")
    address = None if installed else _index()
    if address is None:
        return None
    try:
        page = address.rstrip("/") + "/pip/"  # a small one; that of all names is 40 MB
        request = urllib.request.Request(page, method="HEAD")  # noqa: S310 -- pip's own
        with urllib.request.urlopen(request, timeout=INDEX_SECONDS_MAX):  # noqa: S310
            return None
    except (urllib.error.HTTPError, TimeoutError):
        # It answered, and pip knows the credentials; or it is slow: pip has patience.
        return None
    except OSError as error:
        if isinstance(getattr(error, "reason", None), TimeoutError):
            return None
        host = urllib.parse.urlsplit(address).hostname  # the rest may hold a password
        return (
            f"the package index {host} does not answer ({error}): check the network, "
            "or set HTTPS_PROXY or PIP_INDEX_URL"
        )


def _index() -> str | None:
    """Return the index that pip will ask: environment, its files, its default."""
    configured = os.environ.get("PIP_INDEX_URL") or _index_in_files()
    if configured:
        return configured
    try:
        from pip._internal.models.index import PyPI  # noqa: PLC0415 -- may be absent
    except ImportError:
        return None
    return str(PyPI.simple_url)


def _index_in_files() -> str | None:
    import configparser  # noqa: PLC0415 -- only where no variable says it

    home = Path.home()
    files = configparser.ConfigParser(interpolation=None, strict=False)
    files.read(
        [
            "/etc/pip.conf",
            home / ".pip/pip.conf",
            home / ".config/pip/pip.conf",
            os.environ.get("PIP_CONFIG_FILE", ""),
        ]
    )
    return files.get("global", "index-url", fallback=None)


def main() -> int:
    """Print what is missing, a line each; exit 2 when something is."""
    checks = (missing_python, missing_processor, missing_disk, missing_port)
    found = [line for line in (check() for check in checks) if line is not None]
    if not found:
        found = [line for line in (missing_index(),) if line is not None]
    for line in found:
        print(f"preflight: {line}", file=sys.stderr)
    return 2 if found else 0


if __name__ == "__main__":
    sys.exit(main())
