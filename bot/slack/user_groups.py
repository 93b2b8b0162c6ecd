"""A schedule's Slack user group: who mentions @oncall-payments reaches who has the pager, and nobody else.

It holds the primary alone: who is mentioned should be who answers. Slack takes no empty group, so while
nobody is on call it is disabled: a mention that reaches nobody must not look like one that reaches somebody.
"""

from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.delivery import Never, Outcome, Sent
from bot.domain.schedule import Schedule
from bot.slack.errors import error_of

#: What only an admin of the workspace can mend, and how. Nobody's page waits for it.
MEND = {
    "paid_teams_only": "user groups need a paid plan of Slack",
    "plan_upgrade_required": "user groups need a paid plan of Slack",
    "permission_denied": "let everybody manage user groups in the workspace's settings, under Permissions",
    "missing_scope": "grant usergroups:read and usergroups:write, and reinstall the app",
}


async def sync(client: AsyncWebClient, schedule: Schedule, slack_id: str | None) -> Outcome:
    """The group holds this person alone; with nobody it is disabled."""
    if schedule.user_group is None:
        return Sent()
    try:
        group = await _existing(client, schedule.user_group)
        if slack_id is None:
            if group is not None and not group.get("date_delete"):
                await client.usergroups_disable(usergroup=group["id"])
            return Sent()
        if group is None:
            group = await _created(client, schedule)
        elif group.get("date_delete"):
            await client.usergroups_enable(usergroup=group["id"])
        if (group.get("users") or []) != [slack_id]:
            await client.usergroups_users_update(usergroup=group["id"], users=[slack_id])
    except SlackApiError as error:
        if (mend := MEND.get(error_of(error))) is not None:
            return Never(f"@{schedule.user_group} cannot be kept in step ({error_of(error)}): {mend}")
        raise
    return Sent()


async def _existing(client: AsyncWebClient, handle: str) -> dict[str, Any] | None:
    """The group with this handle, enabled or not, with its users."""
    listed = await client.usergroups_list(include_disabled=True, include_users=True)
    groups: list[dict[str, Any]] = listed["usergroups"]
    return next((one for one in groups if one["handle"] == handle), None)


async def _created(client: AsyncWebClient, schedule: Schedule) -> dict[str, Any]:
    """A new group; its name says which schedule, and where a name is taken, the handle does."""
    handle, description = str(schedule.user_group), f"Who is on call: {schedule.name}"[:140]
    for name in (schedule.name, handle):
        try:
            created = await client.usergroups_create(name=name, handle=handle, description=description)
        except SlackApiError as error:
            if error_of(error) != "name_already_exists" or name == handle:
                raise
        else:
            group: dict[str, Any] = created["usergroup"]
            return group
    raise AssertionError("unreachable")
