"""A real HTTP server between a caller and a destination: passes on, and remembers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

import httpx

PASSED_ON = ("authorization", "content-type", "idempotency-key")
PASSED_BACK = ("content-type", "location")


class Made(NamedTuple):
    """One call: the path as it was sent, with its query, still encoded."""

    method: str
    path: str
    body: bytes


@dataclass
class Recorder:
    """Every call that reached the destination, in order; `base_url` leads to it."""

    base_url: str
    calls: list[Made] = field(default_factory=list)

    def taken(self) -> list[Made]:
        """Return the calls since the last look."""
        found, self.calls[:] = list(self.calls), []
        return found


@contextmanager
def recording(target: str) -> Iterator[Recorder]:
    """Pass calls on to *target*, a base URL, until the block ends."""
    with httpx.Client(base_url=target, trust_env=False, timeout=10.0) as client:

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def pass_on(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                recorder.calls.append(Made(self.command, self.path, body))
                told = {n: v for n, v in self.headers.items() if n.lower() in PASSED_ON}
                answer = client.request(
                    self.command, self.path, content=body, headers=told
                )
                self.send_response(answer.status_code)
                for name in PASSED_BACK:
                    if name in answer.headers:
                        self.send_header(name, answer.headers[name])
                self.send_header("content-length", str(len(answer.content)))
                self.end_headers()
                self.wfile.write(answer.content)

            do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = pass_on  # noqa: N815

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        recorder = Recorder(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield recorder
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
