"""How Slack shows people and channels in its answers and events."""

from bot.workspace.state import Channel, Json, State, User


def user(state: State, person: User) -> Json:
    """A user object, as `users.info` returns it; the email only where the app may read it."""
    return {
        "id": person.id,
        "team_id": person.team_id,
        "name": person.name,
        "real_name": person.real_name,
        "deleted": person.deleted,
        "tz": "Etc/UTC",
        "tz_label": "Coordinated Universal Time",
        "tz_offset": 0,
        "profile": {
            "real_name": person.real_name,
            "real_name_normalized": person.real_name,
            "display_name": person.name,
            "display_name_normalized": person.name,
            "email": person.email,
            "team": person.team_id,
            "image_72": "",
            **({"api_app_id": person.app_id} if person.app_id else {}),
        },
        "is_admin": False,
        "is_owner": False,
        "is_primary_owner": False,
        "is_restricted": person.is_restricted,
        "is_ultra_restricted": False,
        "is_bot": person.is_bot,
        "is_app_user": False,
        "is_stranger": person.team_id != state.team_id,
        "updated": 0,
    }


def channel(state: State, place: Channel, viewer: str) -> Json:
    """A conversation object, as `conversations.info` returns it to `viewer`."""
    shared = _conversation(state, place)
    if place.is_im:
        other = state.users[place.other(viewer)]
        rest = {"user": other.id, "is_open": True, "is_user_deleted": other.deleted, "priority": 0}
        return {**shared, **rest}
    return {
        **shared,
        "name": place.name,
        "name_normalized": place.name,
        "is_general": False,
        "is_member": viewer in place.members,
        "creator": place.creator,
        "unlinked": 0,
        "num_members": len(place.members),
        "previous_names": place.previous_names,
        "topic": {"value": place.topic, "creator": place.topic_set[0], "last_set": place.topic_set[1]},
        "purpose": {
            "value": place.purpose,
            "creator": place.purpose_set[0],
            "last_set": place.purpose_set[1],
        },
    }


def _conversation(state: State, place: Channel) -> Json:
    """What channels and direct messages have in common."""
    return {
        "id": place.id,
        "created": place.created,
        "is_archived": place.is_archived,
        "is_channel": place.kind == "channel",
        "is_group": False,
        "is_im": place.is_im,
        "is_mpim": False,
        "is_private": place.kind != "channel",
        "is_shared": False,
        "is_ext_shared": False,
        "is_org_shared": False,
        "context_team_id": state.team_id,
        "updated": place.created * 1000,
    }


def user_group(state: State, name: str, handle: str, by: str, description: str = "") -> Json:
    """A user group in which nobody is."""
    now = int(state.clock())
    return {
        "id": state.new_id("S"),
        "team_id": state.team_id,
        "is_usergroup": True,
        "name": name,
        "handle": handle,
        "description": description,
        "is_external": False,
        "date_create": now,
        "date_update": now,
        "date_delete": 0,
        "created_by": by,
        "updated_by": by,
        "users": [],
        "user_count": 0,
        "prefs": {"channels": [], "groups": []},
    }
