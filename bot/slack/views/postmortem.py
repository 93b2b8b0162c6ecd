"""A postmortem in Slack: what the channel reads, and what a person sees who asks for it."""

from collections.abc import Iterable

from bot.domain.overview import Overview
from bot.domain.postmortem import ActionItem, ActionStatus, Postmortem
from bot.slack.views import kit
from bot.slack.views.kit import Block, Message

_LONG, _ITEMS = 1500, 15
_MARK = {ActionStatus.PENDING: "◻︎", ActionStatus.IN_PROGRESS: "◧", ActionStatus.COMPLETED: "◼︎"}


def shown(postmortem: Postmortem, overview: Overview, by: str) -> Message:
    """What happened and why, how fast it was answered, and what follows from it."""
    incident, content = overview.incident, postmortem.content
    title = f"Postmortem of {incident.number}: {incident.title}"
    status = postmortem.status.replace("_", " ")
    facts = (postmortem.number, str(incident.severity), f"{postmortem.level} level", status, f"by {by}")
    blocks: list[Block] = [
        kit.header(title),
        kit.context(" · ".join(kit.escape(kit.shortened(one, 80)) for one in facts)),
        *_told("Summary", content.summary),
        *_told("Root cause", content.root_cause),
        *_told("Resolution", content.resolution),
        *_told("Impact", _impact(postmortem)),
        *_action_items(content.action_items or ()),
    ]
    if times := _times(postmortem):
        blocks.append(kit.context(times))
    if _is_shortened(postmortem):
        export = f"GET /api/v1/postmortems/{postmortem.number}/export"
        blocks.append(kit.context(f"Shortened. The whole of it, as Markdown: `{export}`"))
    return kit.message(kit.escape(kit.shortened(title, 150)), blocks)


def _is_shortened(postmortem: Postmortem) -> bool:
    content = postmortem.content
    told = (content.summary, content.root_cause, content.resolution, _impact(postmortem))
    return len(content.action_items or ()) > _ITEMS or any(text and kit.is_cut(text, _LONG) for text in told)


def _told(title: str, text: str | None) -> list[Block]:
    return [kit.section(f"*{title}*\n{kit.escape(kit.shortened(text, _LONG))}")] if text else []


def _impact(postmortem: Postmortem) -> str | None:
    impact = postmortem.content.impact
    if impact is None:
        return None
    services = ", ".join(impact.services_affected or ())
    said = (impact.users_affected, services, impact.revenue_impact, impact.duration)
    return " · ".join(text for text in said if text) or None


def _times(postmortem: Postmortem) -> str:
    times = postmortem.content.response_timeline
    if times is None:
        return ""
    said = (
        ("acknowledged after", times.time_to_acknowledge),
        ("cause known after", times.time_to_identify),
        ("resolved after", times.time_to_resolve),
    )
    return " · ".join(f"{what} {kit.escape(kit.shortened(text, 60))}" for what, text in said if text)


def _action_items(items: Iterable[ActionItem]) -> list[Block]:
    lines = [_action_item(item) for item in items]
    if not lines:
        return []
    more = f"\n_and {len(lines) - _ITEMS} more_" if len(lines) > _ITEMS else ""
    return [kit.section("*Action items*\n" + "\n".join(lines[:_ITEMS]) + more)]


def _action_item(item: ActionItem) -> str:
    who = f" ({item.owner_email})" if item.owner_email else ""
    due = f", due {item.due_date}" if item.due_date else ""
    return f"{_MARK[item.status]} {kit.escape(kit.shortened(f'{item.text}{who}{due}', 160))}"
