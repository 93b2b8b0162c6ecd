"""How it is kept: rows in, rows out, no rules."""
