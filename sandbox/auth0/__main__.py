"""Starts the sender: python -m sandbox.auth0."""

from sandbox.auth0.cli import app

app()
