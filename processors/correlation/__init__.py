"""Which record an event means and what is sent: rules without machinery."""
