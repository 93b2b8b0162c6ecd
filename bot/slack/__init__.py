"""The door to Slack, both directions."""
