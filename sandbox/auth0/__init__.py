"""Sends events to a webhook the way Auth0's event streams do."""
