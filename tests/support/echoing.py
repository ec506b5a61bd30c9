"""A real HTTP server that says back, wherever it can, whatever it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

# What a body that holds the word is answered; all else is refused.
ANSWERS = {"broken": 500, "busy": 429, "moved": 302, "taken": 200, "page": 200}
REFUSED = 422


@dataclass
class Echo:
    """A CRM where nobody is found, and nothing can be made without a scandal."""

    base_url: str
    statuses: list[int] = field(default_factory=list)


@contextmanager
def echoing(port: int = 0) -> Iterator[Echo]:
    """Serve until the block ends."""
    echo = Echo("")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length).decode()
            if self.command == "GET":
                self._say(200, "OK", b"[]")
                return
            status = next((s for w, s in ANSWERS.items() if w in body), REFUSED)
            said = {"id": body, "error": f"{self.headers} {unquote(self.path)} {body}"}
            html = f"<p>{body}</p>".encode()
            told = html if "page" in body else json.dumps(said).encode()
            self._say(status, body, told)

        do_GET = do_POST = do_PATCH = answer  # noqa: N815 -- the names that are asked for

        def _say(self, status: int, reason: str, body: bytes) -> None:
            echo.statuses.append(status)
            self.send_response(status, reason)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            for name in ("Location", "Retry-After", "X-Echo"):
                self.send_header(name, reason)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    echo.base_url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield echo
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
