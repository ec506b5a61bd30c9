"""Starts the example CRM: python -m sandbox.crm."""

from sandbox.crm.cli import app

app()
