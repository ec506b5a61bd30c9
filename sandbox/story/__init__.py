"""The story of `make run`: events travel from the webhook into CRM records."""
