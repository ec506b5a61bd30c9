"""Faust's form of how the cluster knows us; aiokafka has no OIDC of its own."""

from __future__ import annotations

import time
from typing import Any

import httpx
from aiokafka.abc import AbstractTokenProvider
from faust.auth import OAuthCredentials, SASLCredentials, SSLCredentials

from events.kafka import KafkaSettings

TOKEN_SECONDS_MAX = 10.0
RENEW_SECONDS_BEFORE = 60.0


def credentials(kafka: KafkaSettings) -> Any:
    """Return the `broker_credentials` of a Faust app, or None for PLAINTEXT."""
    context = kafka.ssl_context()
    if kafka.sasl_mechanism == "OAUTHBEARER":
        return OAuthCredentials(oauth_cb=TokenProvider(kafka), ssl_context=context)
    if kafka.sasl_mechanism is not None:
        assert kafka.sasl_password is not None  # noqa: S101 -- the settings saw to it
        return SASLCredentials(
            username=kafka.sasl_username,
            password=kafka.sasl_password.get_secret_value(),
            ssl_context=context,
            mechanism=kafka.sasl_mechanism,
        )
    return SSLCredentials(context) if context is not None else None


class TokenProvider(AbstractTokenProvider):  # type: ignore[misc]  # aiokafka is untyped
    """Gets OAuth tokens by client credentials, one for as long as it is valid."""

    def __init__(self, kafka: KafkaSettings) -> None:
        self._kafka = kafka
        self._token = ""
        self._valid_until = 0.0

    async def token(self) -> str:
        """Return a token that is valid for a minute at least."""
        if time.monotonic() >= self._valid_until - RENEW_SECONDS_BEFORE:
            await self._renew()
        return self._token

    async def _renew(self) -> None:
        kafka = self._kafka
        assert kafka.oauth_token_url  # noqa: S101 -- the settings saw to it
        assert kafka.oauth_client_id  # noqa: S101
        assert kafka.oauth_client_secret  # noqa: S101
        form = {"grant_type": "client_credentials"}
        if kafka.oauth_scope is not None:
            form["scope"] = kafka.oauth_scope
        auth = (kafka.oauth_client_id, kafka.oauth_client_secret.get_secret_value())
        async with httpx.AsyncClient(timeout=TOKEN_SECONDS_MAX) as client:
            answer = await client.post(kafka.oauth_token_url, data=form, auth=auth)
        answer.raise_for_status()
        granted = answer.json()
        self._token = str(granted["access_token"])
        lifetime = float(granted.get("expires_in", 2 * RENEW_SECONDS_BEFORE))
        self._valid_until = time.monotonic() + lifetime
