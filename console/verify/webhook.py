"""Posts events to the running ingest, as Auth0 does."""

from __future__ import annotations

from dataclasses import dataclass

import httpx

from events.exits import BadConfiguration
from events.settings import read
from ingest.settings import IngestSettings

PATH = "/webhooks/auth0"
POST_SECONDS_MAX = 10.0
ACCEPTED = 202


@dataclass(frozen=True)
class Webhook:
    """Where events are posted, and what shows that we may."""

    url: str
    token: str
    source: str

    def post(self, body: bytes) -> None:
        """Return once ingest has taken *body*.

        Raises:
            BadConfiguration: It did not answer 202.
        """
        try:
            answer = httpx.post(
                self.url,
                content=body,
                headers={"authorization": f"Bearer {self.token}"},
                timeout=POST_SECONDS_MAX,
            )
        except httpx.HTTPError as error:
            raise BadConfiguration(
                f"{self.url} does not answer ({type(error).__name__}): start ingest, "
                "or say --webhook"
            ) from None
        if answer.status_code != ACCEPTED:
            raise BadConfiguration(
                f"{self.url} answered {answer.status_code}: it must be ingest's "
                "address, with a token of KEEPSTEP_INGEST_BEARER_TOKENS"
            )


def webhook(url: str | None) -> Webhook:
    """Return the webhook at *url*, else where the settings of ingest say it is.

    Raises:
        BadConfiguration: There is no token to post with.
    """
    settings = read(IngestSettings)
    if not settings.bearer_tokens:
        raise BadConfiguration(
            "KEEPSTEP_INGEST_BEARER_TOKENS: set it to a token that ingest takes"
        )
    scheme = "https" if settings.tls_certificate_file else "http"
    return Webhook(
        url or f"{scheme}://{settings.host}:{settings.port}{PATH}",
        settings.bearer_tokens[0].get_secret_value(),
        settings.sources[0] if settings.sources else "urn:keepstep:verify",
    )
