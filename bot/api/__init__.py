"""The door for machines: the HTTP API."""
