"""Listeners: run one operation, acknowledge, answer. Registered by gesture."""
