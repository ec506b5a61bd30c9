"""How an attempt may end and what follows: rules without machinery."""
