"""Headers: whatever people are called and write, nothing is added to the letter."""

import email
from dataclasses import replace
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import mail
from bot.domain.sla import Severity
from bot.domain.timeline import Paged
from bot.mail.message import message
from tests.domain.samples import BEN, NOW
from tests.mail import golden
from tests.mail.test_letters import ANYTHING
from tests.views.samples import page_facts

SENDER = mail.sender("ops@example.com")
_ATOMS = st.lists(st.text("aZ09_!#$%&'*+/=?^`{|}~-é界", min_size=1, max_size=8), min_size=1, max_size=4)
_LABELS = st.lists(st.text("aZ09-é界", min_size=1, max_size=8), min_size=1, max_size=4)
_ADDRESSES = st.builds("{}@{}".format, _ATOMS.map(".".join), _LABELS.map(".".join))
HEADERS = [
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "X-Tocsin-Incident",
    "Auto-Submitted",
    "X-Auto-Response-Suppress",
    "Importance",
    "X-Priority",
    "MIME-Version",
    "Content-Type",
]


def written(
    title: str = "Down", name: str = "Ben", address: str = "ben@example.com", key: str = "k", **changes: Any
) -> bytes:
    facts = page_facts(Paged(BEN, None), title, **changes)
    facts = replace(facts, person=replace(facts.person, name=name, email=address))
    return message(golden.letter(facts), facts, SENDER, key, NOW).as_bytes()


def read(content: bytes) -> EmailMessage:
    return email.message_from_bytes(content, policy=default)


@given(title=ANYTHING, name=ANYTHING)
def test_no_text_adds_or_changes_a_header(title: str, name: str) -> None:
    content = written(title, name)
    found = read(content)
    assert found.keys() == HEADERS
    assert [str(one.addr_spec) for one in found["To"].addresses] == ["ben@example.com"]
    assert found["From"] == "Tocsin <ops@example.com>"
    assert found.defects == []
    assert content.isascii()
    assert b"\r" not in content.replace(b"\r\n", b"")
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert max(map(len, content.split(b"\r\n"))) <= 998


@given(user=st.text(max_size=70), domain=st.text(max_size=70))
def test_whatever_counts_as_an_address_can_be_written_to(user: str, domain: str) -> None:
    address = f"{user}@{domain}"
    if mail.is_address(address):
        assert read(written(address=address)).keys() == HEADERS


@given(address=_ADDRESSES)
def test_addresses_of_every_shape_are_written_as_they_are(address: str) -> None:
    assert mail.is_address(address)
    found = read(written(address=address))
    assert found.keys() == HEADERS
    if address.isascii():
        assert [one.addr_spec for one in found["To"].addresses] == [address]


@pytest.mark.parametrize("title", ["Überlast in Zürich", "データベース停止", "🔥" * 90, "a" * 200, "x=?y?=z"])
def test_subject_in_any_language_is_read_as_it_was_written(title: str) -> None:
    subject = str(read(written(title))["Subject"])
    expected = f"[INC-2026-044] SEV1: {title}".replace("=?", "= ?")
    assert subject == expected or (subject[-1] == "…" and expected.startswith(subject[:-1]))


def test_encoded_line_end_in_a_title_stays_text() -> None:
    content = written("=?utf-8?q?a=0D=0ABcc:_eve=40example.com=0D=0A?= =?utf-8?b?DQpYOiB5?=")
    assert read(content).keys() == HEADERS


def test_same_delivery_has_the_same_message_id() -> None:
    first, again, other = (read(written(key=key))["Message-ID"] for key in ("a", "a", "b"))
    assert first == again != other


def test_only_severe_incidents_are_loud() -> None:
    for severity in Severity:
        found = read(written(severity=severity))
        is_loud = severity in (Severity.SEV0, Severity.SEV1)
        assert (found["Importance"], found["X-Priority"]) == (("high", "1") if is_loud else (None, None))
