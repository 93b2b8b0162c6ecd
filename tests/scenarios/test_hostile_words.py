"""Hostile titles and names through the whole app: nobody is pinged, and letters have no more recipients."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientSession

from tests.contract.conftest import Api
from tests.contract.expect import opened as declared
from tests.mail import post_office
from tests.mail.post_office import PostOffice
from tests.mail.test_message import HEADERS
from tests.story import ORGANIZATION, Story, opened, text_of

SERVICE = "<!here> & <https://evil.example|status> =?utf-8?q?=0D=0ABcc:_eve=40example.com?="
PERSON = "<@U1>, Bcc: eve@example.com <eve@example.com>"
TITLES = [
    "Down\r\nBcc: eve@example.com\r\n\r\n<!channel> is yours",
    "Down\n.\nMAIL FROM:<eve@example.com>\nRCPT TO:<eve@example.com>",
    "=?utf-8?q?Down=0D=0ABcc:_eve=40example.com?=",
    "<!channel> <!subteam^S1> <@U1> <https://evil.example|status page>",
    "\x1b[2J\x1b[31m<!everyone>\x07\u202eevil\u2066\u200b",
    "&lt;!channel&gt; &amp;lt;!here&amp;gt;",
]


@pytest.fixture
async def office() -> AsyncIterator[PostOffice]:
    async with post_office.opened() as office:
        yield office


@pytest.fixture
async def story(tmp_path: Path, office: PostOffice) -> AsyncIterator[Story]:
    """Farid, who is on call, and the service are called as nobody should be."""
    text = ORGANIZATION.read_text(encoding="utf-8")
    for was, to in (
        ("name: Checkout,", f"name: '{SERVICE}',"),
        ("name: Farid Haddad, email: farid@example.com", f"name: '{PERSON}', email: farid@example.com"),
        ("email: farid@example.com}", "email: farid@example.com, channels: [slack, email]}"),
    ):
        assert was in text
        text = text.replace(was, to)
    path = tmp_path / "organization.yaml"
    path.write_text(text, encoding="utf-8")
    environment = {"SMTP_URL": office.url(), "EMAIL_FROM": "tocsin@example.com"}
    async with opened(tmp_path, organization=path, environment=environment) as story:
        yield story


@pytest.mark.parametrize("title", TITLES)
async def test_words_stay_words_in_slack_and_in_letters(story: Story, office: PostOffice, title: str) -> None:
    async with ClientSession() as session:
        client = await Api(story, session).client()
        services = [one["service_key"] for one in await client.services() if one["name"] == SERVICE]
        number = await declared(client, title=title, service_ids=services, description=title)
        await client.add_event(number, comment=title)
        await story.settle()
        await client.page(number, email="farid@example.com", channels=["slack", "email"], message=title)
        await story.settle()
        await client.change_status(number, status="resolved", comment=title)
    await story.settle()
    assert [ping for ping in story.workspace.pings if ping[2] not in _ours(story)] == []
    _letters_are_only_what_they_should_be(office)
    shown = [*await story.said(number), *(text_of(one) for one in story.person("farid").pages)]
    assert not [one for one in "".join(shown) if not one.isprintable() and one != "\n"]


def _ours(story: Story) -> set[str]:
    """The mentions that our templates make, of people whom Slack knows."""
    return {f"@{one}" for one in story.ids.values()}


def _letters_are_only_what_they_should_be(office: PostOffice) -> None:
    assert len(office.letters) == 2  # on call, and by hand
    for letter in office.letters:
        assert (letter.sender, letter.recipient) == ("tocsin@example.com", "farid@example.com")
        assert [one for one in letter.message if one not in (*HEADERS, "Received", "X-Peer")] == []
        assert [one.addr_spec for one in letter.message["To"].addresses] == ["farid@example.com"]
        assert letter.message.defects == []
        assert "Down" in letter.text or "channel" in letter.text or "everyone" in letter.text
