"""Page a person now, and wait for what comes of it. Source: the HTTP API's contract, page someone."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated

from pydantic import Field

from bot.api.envelope import Answer, RequestRefused, answer
from bot.api.fields import Email, Most, Shape, Words, example
from bot.api.front import Call, Front
from bot.api.idempotency import HEADER
from bot.api.incidents import IncidentPath
from bot.domain.contact import Method
from bot.domain.delivery import DeliveryState
from bot.domain.incident import COMMENT_LIMIT
from bot.domain.overview import PageReceipt
from bot.domain.timeline import Actor
from bot.operations import look_up, page
from bot.operations.deliver import NO_CONTACT_DETAILS, PROVIDER_FAILED
from storage.database import Connection, Full

#: Providers answer within ten seconds, or are cut off; the rest is for writing their answer down.
PATIENCE_SECONDS = 11.0
#: Channels in one request, however often it names the same.
_MOST_CHANNELS = 20
_UNSETTLED = (DeliveryState.PENDING, DeliveryState.SENDING)


class NewPage(Shape):
    model_config = example(email="jane@example.com", channels=["slack", "email"], message="Please look")

    email: Email = Field(description="E-mail address of the person to page.")
    channels: Annotated[tuple[Method, ...], Most(_MOST_CHANNELS)] = Field(min_length=1)
    message: Annotated[str, Words(0, COMMENT_LIMIT)] | None = None


class DeliveryReport(Shape):
    channel: Method
    sent: bool
    error_code: str | None = None
    message: str | None = None


class PageReport(Shape):
    incident_number: str
    sent: bool
    channels: tuple[Method, ...]
    deliveries: tuple[DeliveryReport, ...]


class Asked(Shape):
    """The page that was asked for: what an idempotency key stands for."""

    incident_id: str
    incident_number: str
    #: Of its timeline event.
    sequence: int


async def page_someone(front: Front, call: Call) -> Answer:
    """200 if one channel delivered; else 409 if the person cannot be reached by them, else 502.

    Who asks again with the same idempotency key waits for the same page.
    """
    path: IncidentPath = call.path
    wanted: NewPage = call.body

    def operation(tx: Connection, now: datetime, actor: Actor) -> Asked:
        person = look_up.person_by_email(look_up.organization(tx), wanted.email)
        incident = page.page(tx, now, actor, path.id, person.id, wanted.message or None, wanted.channels)
        return Asked(incident_id=incident.id, incident_number=incident.number, sequence=incident.sequence)

    asked = Asked.model_validate_json((await front.write_once(call, "page", operation, answer)).content)
    receipts = await _receipts(front, asked, wanted.channels)
    reports = tuple(map(_report, receipts))
    if not any(report.sent for report in reports):
        raise _refusal(reports, is_under_way=not _is_settled(receipts))
    sent = tuple(report.channel for report in reports if report.sent)
    report = PageReport(incident_number=asked.incident_number, sent=True, channels=sent, deliveries=reports)
    return Answer(report.model_dump_json(exclude_none=True))


async def _receipts(front: Front, asked: Asked, channels: Iterable[Method]) -> Sequence[PageReceipt]:
    """What has come of the page; it is owed, whether or not the database tells us now."""
    try:
        return await front.outcomes.wait_for(
            lambda tx: look_up.page_receipts(tx, asked.incident_id, asked.sequence),
            _is_settled,
            _ahead,
            PATIENCE_SECONDS,
        )
    except Full:
        why = "Tocsin cannot reach its database right now"
        return [PageReceipt(method, DeliveryState.PENDING, why, None) for method in dict.fromkeys(channels)]


def _ahead(receipts: Sequence[PageReceipt]) -> int:
    return sum(receipt.ahead for receipt in receipts)


def _is_settled(receipts: Sequence[PageReceipt]) -> bool:
    return all(receipt.state not in _UNSETTLED for receipt in receipts)


def _report(receipt: PageReceipt) -> DeliveryReport:
    if receipt.state is DeliveryState.SENT:
        return DeliveryReport(channel=receipt.method, sent=True)
    if receipt.state in _UNSETTLED:
        why = f"{receipt.error or 'No answer in time'}. It is still being tried."
        return DeliveryReport(channel=receipt.method, sent=False, error_code=PROVIDER_FAILED, message=why)
    return DeliveryReport(
        channel=receipt.method,
        sent=False,
        error_code=receipt.error_code or PROVIDER_FAILED,
        message=receipt.error or "It was not delivered.",
    )


def _refusal(reports: Sequence[DeliveryReport], *, is_under_way: bool) -> RequestRefused:
    details = {report.channel.value: report.message or "" for report in reports}
    if all(report.error_code == NO_CONTACT_DETAILS for report in reports):
        sentence = "This person cannot be reached by any requested channel: contact details are missing."
        return RequestRefused(NO_CONTACT_DETAILS, sentence, details)
    sentence = "No requested channel could deliver the page."
    if is_under_way:
        sentence = (
            "No requested channel has delivered the page yet, and it is still being tried. "
            f"Sent again with the same {HEADER} it is waited for; with another, or none, it pages twice."
        )
    return RequestRefused(PROVIDER_FAILED, sentence, details)
