"""The members' directory of docs/how-to/add-a-destination.md, over HTTP."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

KEY = "3f9c-the-key-that-they-gave-you"
BASE = "/api/v2"


class MembersDirectory:
    """Members by number, each with a profile and whether it is suspended."""

    def __init__(self) -> None:
        self.members: dict[int, dict[str, Any]] = {}
        self.base_url = ""
        self.calls: list[str] = []

    def search(self, query: dict[str, list[str]]) -> dict[str, Any]:
        """One hit a page, and of every address that has the text in it."""
        sought, page = query["search"][0], int(query.get("page", ["0"])[0])
        hits = [m for m in self.members.values() if sought in m["profile"]["email"]]
        more = f"{BASE}/members?search={sought}&page={page + 1}"
        return {
            "members": hits[page : page + 1],
            "next": more if page + 1 < len(hits) else None,
        }

    def add(self, profile: dict[str, Any]) -> int | None:
        """Return the new member's number, None where the address is taken."""
        held = [m["profile"]["email"].lower() for m in self.members.values()]
        if profile["email"].lower() in held:
            return None
        number = len(self.members) + 1
        self.members[number] = {"no": number, "profile": profile, "suspended": False}
        return number


class _Handler(BaseHTTPRequestHandler):
    directory: MembersDirectory

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def _answer(self, status: int, body: Any = None, location: str = "") -> None:
        sent = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(sent)))
        if location:
            self.send_header("location", location)
        self.end_headers()
        self.wfile.write(sent)

    def _body(self) -> Any:
        sent = self.rfile.read(int(self.headers.get("content-length") or 0))
        return json.loads(sent) if sent else None

    def _do(self) -> None:
        self.directory.calls.append(f"{self.command} {self.path}")
        url, body = urlsplit(self.path), self._body()
        steps = url.path.removeprefix(f"{BASE}/members").strip("/").split("/")
        if self.headers["x-api-key"] != KEY:
            return self._answer(401, {"error": "no key"})
        if steps == [""]:
            if self.command == "GET":
                return self._answer(200, self.directory.search(parse_qs(url.query)))
            number = self.directory.add(body["profile"])
            if number is None:
                return self._answer(400, {"error": "address is taken"})
            return self._answer(201, location=f"{BASE}/members/{number}")
        member = self.directory.members.get(int(steps[0]))
        if member is None:
            return self._answer(404)
        if steps[1:]:
            member["suspended"] = steps[1] == "suspend"
        else:
            member["profile"].update(body["profile"])
        return self._answer(204)

    do_GET = do_POST = do_PATCH = _do  # noqa: N815 -- the library's names


@contextmanager
def members_directory() -> Iterator[MembersDirectory]:
    """Serve an empty directory until the block ends."""
    directory = MembersDirectory()
    handler = type("Handler", (_Handler,), {"directory": directory})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    directory.base_url = f"http://127.0.0.1:{server.server_port}{BASE}"
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.02}
    )
    thread.start()
    try:
        yield directory
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
