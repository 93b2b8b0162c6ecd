"""A Slack workspace in the browser, for trying and for tests. It knows Slack, not us.

It shares no line with the bot, so that both cannot be wrong together: what is imitated here was
written from Slack's public reference.
"""

from bot.workspace.server import Workspace

__all__ = ["Workspace"]
