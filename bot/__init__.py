"""Tocsin: an incident responder that lives in Slack."""
