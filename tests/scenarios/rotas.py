"""The stories' organization with other schedules, and a look at what people were told of them."""

from dataclasses import replace
from typing import Any

from bot.domain.ids import ScheduleId, TeamId
from bot.domain.organization import Organization
from bot.domain.timeline import TOCSIN
from bot.operations import look_up, reorganize
from storage.database import Connection
from tests.story import Json, Person, Story, text_of


async def reorganized(story: Story, *, waits: bool = True, **changes: Any) -> None:
    """Another organization runs, and all that follows has happened, unless nobody waits for it."""

    def operation(tx: Connection) -> None:
        wanted = replace(look_up.organization(tx), **changes)
        reorganize.apply(tx, story.clock.now(), TOCSIN, wanted)

    await story.app.database.write(operation)
    await story.app.handoffs.look()
    if waits:
        await story.settle()


async def rescheduled(
    story: Story, schedule: str = "platform", *, waits: bool = True, **changes: Any
) -> None:
    """The schedule is another one from now on."""
    schedules = dict((await organization(story)).schedules)
    schedules[ScheduleId(schedule)] = replace(schedules[ScheduleId(schedule)], **changes)
    await reorganized(story, waits=waits, schedules=schedules)


async def relayered(story: Story, schedule: str = "platform", *, waits: bool = True, **changes: Any) -> None:
    """Its only layer is another one from now on."""
    (layer,) = (await organization(story)).schedules[ScheduleId(schedule)].layers
    await rescheduled(story, schedule, waits=waits, layers=(replace(layer, **changes),))


async def reteamed(story: Story, team: str = "platform", **changes: Any) -> None:
    teams = dict((await organization(story)).teams)
    teams[TeamId(team)] = replace(teams[TeamId(team)], **changes)
    await reorganized(story, teams=teams)


async def organization(story: Story) -> Organization:
    return await story.app.database.read(look_up.organization)


async def forged_press(story: Story, name: str, action_id: str, value: str) -> str:
    """What somebody is told who presses a button that was never shown to them."""
    button: Json = {"type": "button", "action_id": action_id, "value": value}
    button["text"] = {"type": "plain_text", "text": "x"}
    block: Json = {"type": "actions", "block_id": "b", "elements": [button]}
    ts = f"{story.clock.now().timestamp():.6f}"
    message: Json = {"ts": ts, "text": "x", "bot_id": story.installed.bot_id, "blocks": [block]}
    person, workspace = story.person(name), story.workspace
    channel = workspace.channel("general").id
    before = len(workspace.ephemerals(person.id))
    await workspace.press(person.id, channel, ts, action_id, value, seen=message)
    await story.settle()
    return " ".join(text_of(one) for one in workspace.ephemerals(person.id)[before:])


def of_kind(person: Person, kind: str) -> list[Json]:
    """The direct messages that deliveries of this kind brought."""
    return [message for message in person.dm if _key(message).startswith(f"{kind}:")]


def told(person: Person, kind: str) -> list[str]:
    """What these said."""
    return [text_of(message) for message in of_kind(person, kind)]


def warnings(story: Story, channel: str = "incidents") -> list[Json]:
    """The warnings of gaps in a channel."""
    return [one for one in story.workspace.messages(channel) if _key(one).startswith("warn_gap:")]


def _key(message: Json) -> str:
    return str(message.get("metadata", {}).get("event_payload", {}).get("delivery", ""))
