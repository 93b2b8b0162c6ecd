"""Forms about an incident."""

from collections.abc import Sequence

from bot.domain.incident import COMMENT_LIMIT, MOVES, TITLE_LIMIT, needs_comment
from bot.domain.organization import Organization, Service
from bot.domain.overview import Overview
from bot.domain.postmortem import FACT_LIMIT, REQUIRED, PostmortemLevel
from bot.domain.sla import Severity
from bot.slack.verbs import Verb
from bot.slack.views import card, inputs, kit
from bot.slack.views.inputs import Metadata, View
from bot.slack.views.kit import Block, Element

#: Slack's menus hold a hundred choices.
_MORE_SERVICES = "Not all fit here. Name another one with: /incident declare --service NAME"
_WORST_TO_LEAST = {
    Severity.SEV0: "everything is down",
    Severity.SEV1: "critical: customers are hit",
    Severity.SEV2: "major: a part is broken",
    Severity.SEV3: "minor: there is a way around",
    Severity.SEV4: "low: cosmetic, or a question",
}


def declare(
    organization: Organization,
    *,
    title: str,
    severity: Severity | None,
    services: Sequence[str],
    metadata: Metadata,
    description: str = "",
) -> View:
    named = dict.fromkeys(organization.service_named(name) for name in services)
    chosen = [one for one in named if one is not None and one.is_active][: kit.OPTIONS]
    active = [one for one in organization.services.values() if one.is_active and one not in chosen]
    offered = [*chosen, *active][: kit.OPTIONS]
    hint = _MORE_SERVICES if len(offered) < len(chosen) + len(active) else None
    severities = [kit.option(f"{one}: {what}", one) for one, what in _WORST_TO_LEAST.items()]
    seen = inputs.text(kit.shortened(description, inputs.LONGEST), multiline=True)
    picked = [one for one in severities if one["value"] == severity]
    blocks = [
        inputs.field(
            "title",
            "What is wrong?",
            inputs.text(title[:TITLE_LIMIT], limit=TITLE_LIMIT, hint="checkout is down"),
        ),
        *([_services(offered, chosen, hint)] if offered else []),
        inputs.field(
            "severity",
            "How bad is it?",
            inputs.select(severities, picked[0] if picked else None, "As the services say"),
            optional=True,
        ),
        inputs.field("description", "What do you see?", seen, optional=True),
    ]
    return inputs.modal(Verb.DECLARE, "Declare an incident", "Declare", blocks, metadata)


def _services(offered: Sequence[Service], chosen: Sequence[Service], hint: str | None) -> Block:
    element: Element = {
        "type": "multi_static_select",
        "action_id": inputs.VALUE,
        "options": [kit.option(one.name, one.key) for one in offered],
        "placeholder": kit.plain_text("Which services?", 150),
    }
    if chosen:
        element["initial_options"] = [kit.option(one.name, one.key) for one in chosen]
    return inputs.field("services", "Services", element, optional=True, hint=hint)


def resolve(overview: Overview, metadata: Metadata) -> View:
    blocks = [_about(overview), _comment("What fixed it?")]
    return inputs.modal(Verb.RESOLVE, "Resolve", "Resolve", blocks, metadata)


def close(overview: Overview, metadata: Metadata) -> View:
    blocks = [_about(overview), _comment("Why is it closed?", optional=not overview.incident.is_open)]
    return inputs.modal(Verb.CLOSE, "Close", "Close", blocks, metadata)


def reopen(overview: Overview, metadata: Metadata) -> View:
    blocks = [_about(overview), _comment("Why is it reopened?")]
    return inputs.modal(Verb.REOPEN, "Reopen", "Reopen", blocks, metadata)


def page(overview: Overview, metadata: Metadata) -> View:
    blocks = [
        _about(overview),
        inputs.field("person", "Whom?", inputs.person()),
        inputs.field(
            "message", "Message", inputs.text("", multiline=True, limit=COMMENT_LIMIT), optional=True
        ),
    ]
    return inputs.modal(Verb.PAGE, "Page somebody", "Page", blocks, metadata)


def status(overview: Overview, metadata: Metadata) -> View:
    """Only statuses that are allowed from here."""
    was = overview.incident.status
    options = [kit.option(card.STATUS_WORD[to], to) for to in MOVES[was]]
    must_explain = all(needs_comment(was, to) for to in MOVES[was])
    blocks = [
        _about(overview),
        inputs.field("status", "Status", inputs.select(options, None, "Choose")),
        _comment("Comment", optional=not must_explain, hint="Required to resolve or close."),
    ]
    return inputs.modal(Verb.STATUS, "Change status", "Change", blocks, metadata)


def severity(overview: Overview, metadata: Metadata) -> View:
    options = [kit.option(f"{one}: {what}", one) for one, what in _WORST_TO_LEAST.items()]
    current = next(one for one in options if one["value"] == overview.incident.severity)
    hint = "Raising it begins the escalation anew."
    blocks = [
        _about(overview),
        inputs.field("severity", "Severity", inputs.select(options, current, "Choose"), hint=hint),
    ]
    return inputs.modal(Verb.SEVERITY, "Change severity", "Change", blocks, metadata)


def rename(overview: Overview, metadata: Metadata) -> View:
    """A description that the form cannot hold is not asked for: it would come back cut."""
    incident = overview.incident
    title = inputs.text(incident.title, limit=TITLE_LIMIT)
    blocks = [_about(overview), inputs.field("title", "What is wrong?", title)]
    if len(incident.description or "") <= inputs.LONGEST:
        seen = inputs.text(incident.description or "", multiline=True)
        blocks.append(inputs.field("description", "What do you see?", seen, optional=True))
    return inputs.modal(Verb.RENAME, "Change the title", "Change", blocks, metadata)


def assign(overview: Overview, metadata: Metadata) -> View:
    blocks = [_about(overview), inputs.field("person", "To whom?", inputs.person())]
    return inputs.modal(Verb.ASSIGN, "Assign", "Assign", blocks, metadata)


def note(overview: Overview, metadata: Metadata, text: str = "") -> View:
    words = inputs.text(kit.shortened(text, inputs.LONGEST), multiline=True)
    blocks = [_about(overview), inputs.field("note", "What happened?", words)]
    return inputs.modal(Verb.NOTE, "Add a note", "Add", blocks, metadata)


def postmortem(
    overview: Overview, level: PostmortemLevel, resolution: str | None, metadata: Metadata
) -> View:
    """Asks for what the level requires; what the incident knows is filled in when it is written."""
    required = REQUIRED[level]

    def ask(
        field: str, label: str, initial: str = "", hint: str | None = None, limit: int = inputs.LONGEST
    ) -> Block:
        text = inputs.text(initial[:limit], multiline=True, limit=limit)
        return inputs.field(field, label, text, optional=field not in required, hint=hint)

    blocks = [
        _about(overview),
        ask("summary", "What happened?"),
        ask("root_cause", "Why did it happen?"),
        ask("resolution", "What fixed it?", resolution or ""),
        ask("impact", "Who was affected, and how?", limit=FACT_LIMIT),
        ask("action_items", "What will be done about it?", hint="One item on each line."),
    ]
    return inputs.modal(Verb.POSTMORTEM, "Postmortem", "Write", blocks, metadata)


def _about(overview: Overview) -> Block:
    return kit.section(f"*{card.headline(overview.incident)}*")


def _comment(label: str, *, optional: bool = False, hint: str | None = None) -> Block:
    element = inputs.text("", multiline=True, limit=COMMENT_LIMIT)
    return inputs.field("comment", label, element, optional=optional, hint=hint)
