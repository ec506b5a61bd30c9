"""The webhook: a plain ASGI application that answers 202 when Kafka has the body."""

from __future__ import annotations

from time import perf_counter
from typing import Any

from events.publisher import Publisher, PublishFailed
from ingest import answers, body
from ingest.answers import Answer, Send
from ingest.body import BodyTooLarge, Receive, SenderGone
from ingest.credentials import Credentials
from ingest.messages import Sorter
from ingest.metrics import Metrics
from ingest.reachability import Reachability

PATH = "/webhooks/auth0"


class Webhook:
    """Takes one CloudEvent per POST to /webhooks/auth0.

    Checks go from cheap to dear, and no byte of the body is read before the secret
    fits. Everything that is authenticated and not too large is kept, whatever its
    content type or encoding: what is no readable event goes to quarantine.
    """

    def __init__(
        self,
        credentials: Credentials,
        sorter: Sorter,
        publisher: Publisher,
        reachability: Reachability,
        metrics: Metrics,
        body_bytes_max: int,
    ) -> None:
        self._credentials = credentials
        self._sorter = sorter
        self._publisher = publisher
        self._reachability = reachability
        self._metrics = metrics
        self._body_bytes_max = body_bytes_max

    async def __call__(
        self, scope: dict[str, Any], receive: Receive, send: Send
    ) -> None:
        """Serve one request as an ASGI application."""
        began = perf_counter()
        try:
            answer = await self._answer(scope, receive)
        except SenderGone:
            return
        self._metrics.answered(answer, perf_counter() - began)
        await answer.give(send)

    async def _answer(self, scope: dict[str, Any], receive: Receive) -> Answer:
        if scope["path"] != PATH:
            return answers.NOT_HERE
        if scope["method"] != "POST":
            return answers.ONLY_POST
        headers = dict(scope["headers"])
        credential = self._credentials.name_of(headers)
        if credential is None:
            return answers.UNKNOWN_SENDER
        self._metrics.used(credential)
        try:
            body.refuse_announced(headers, self._body_bytes_max)
            whole = await body.read(receive, self._body_bytes_max)
        except BodyTooLarge:
            return answers.TOO_LARGE
        return await self._store(whole, headers.get(b"traceparent"))

    async def _store(self, whole: bytes, traceparent: bytes | None) -> Answer:
        intake = self._sorter.sort(whole, traceparent)
        began = perf_counter()
        try:
            await self._publisher.publish(*intake.messages)
        except PublishFailed as error:
            self._metrics.publish_failed(error.reason)
            self._reachability.failed(error.reason)
            return answers.TRY_AGAIN
        self._metrics.published(
            intake.type, stored=intake.stored, seconds=perf_counter() - began
        )
        return answers.STORED
