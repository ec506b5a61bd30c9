"""The contract that the webhook, the workers and the tools share."""
