"""A Slack workspace in memory, for trying and for tests: knows Slack, and nothing of ours."""
