"""Reads the settings, checks the topics, and runs the webhook until a signal comes."""

from __future__ import annotations

import uvloop

from events import admin, log
from events.exits import BadConfiguration, refuse
from events.kafka import KafkaSettings
from events.settings import InstallationSettings, read
from ingest.app import App, Configuration
from ingest.credentials import Credentials
from ingest.listener import Listener
from ingest.settings import IngestSettings


def run() -> None:
    """End the process with 0 after SIGTERM, 1 broken, 2 configuration, 3 no broker."""
    try:
        configuration = Configuration(
            read(IngestSettings), read(KafkaSettings), read(InstallationSettings)
        )
        credentials = Credentials(
            configuration.ingest.bearer_tokens, configuration.ingest.credentials_file
        )
        listener = Listener(configuration.ingest)
        log.configure()
        topics = configuration.installation.topics
        admin.check(configuration.kafka, topics.of_ingest())
        code = uvloop.run(_serve(configuration, credentials, listener))
    except BadConfiguration as error:
        refuse("keepstep ingest", error)
    raise SystemExit(code)


async def _serve(
    configuration: Configuration, credentials: Credentials, listener: Listener
) -> int:
    return await App(configuration, credentials, listener).run()
