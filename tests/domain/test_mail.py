"""What SMTP_URL and EMAIL_FROM may say."""

import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import mail
from bot.domain.mail import MailServer, Sender, StartTls


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.example.com", MailServer("mail.example.com", 587)),
        ("smtps://mail.example.com", MailServer("mail.example.com", 465, is_tls=True)),
        ("smtp://MAIL.example.com:25/", MailServer("mail.example.com", 25)),
        ("smtp://[::1]:1025", MailServer("::1", 1025)),
        (
            "smtp://ada%40example.com:p%2F%3A%25%C3%A9@m.example",
            MailServer("m.example", 587, user="ada@example.com", password="p/:%é"),
        ),
        ("smtp://m.example?starttls=required", MailServer("m.example", 587, starttls=StartTls.REQUIRED)),
        (
            "smtp://u:p@localhost?starttls=never",
            MailServer("localhost", 587, False, StartTls.NEVER, "u", "p"),
        ),
    ],
)
def test_address_names_the_server(url: str, expected: MailServer) -> None:
    assert mail.server(url) == expected


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("http://u:canary@x", "must look like smtp://user:password@host:port"),
        ("smtp://", "must look like"),
        ("smtp://h:0", "must look like"),
        ("smtp://h:99999", "must be a URL"),
        ("smtp://u:can/ary@h", "write / ? # @ : % as"),
        ("smtp://u:1canary/2@h", "write / ? # @ : % as"),
        ("smtp://u:12/canary@h", "write / ? # @ : % as"),
        ("smtp://u:%ffcanary@h", "stands for no character"),
        ("smtp://u:canary%0D%0A@h", "control character"),
        ("smtp://canary@h", "both a user and a password"),
        ("smtp://:canary@h", "both a user and a password"),
        ("smtp://u:canary@h?tls=no", "?starttls=required or ?starttls=never"),
        ("smtp://u:canary@h?starttls=maybe", "?starttls=required or ?starttls=never"),
        ("smtps://u:canary@h?starttls=required", "encrypted from the start"),
        ("smtp://u:canary@mail.example.com?starttls=never", "would send the password in clear"),
        ("smtp://u:canary@-h", "names no host"),
    ],
)
def test_wrong_address_says_what_is_wrong_without_the_password(url: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=re.escape(complaint)) as error:
        mail.server(url)
    assert "ary" not in str(error.value)


def test_password_is_not_shown() -> None:
    assert "canary" not in repr(mail.server("smtp://u:canary@h"))


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    for scheme in ("smtp://", "smtps://", ""):
        with suppress(ValueError):
            assert mail.server(scheme + text).host


@pytest.mark.parametrize(
    ("host", "is_here"),
    [
        ("localhost", True),
        ("127.0.0.53", True),
        ("[::1]", True),
        ("localhost.example.com", False),
        ("127.0.0.1.example.com", False),
        ("0.0.0.0", False),  # noqa: S104 - a name like any other
    ],
)
def test_only_this_machine_is_here(host: str, is_here: bool) -> None:
    assert mail.server(f"smtp://{host}").is_here is is_here


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("smtp://ops%40example.com:p@m.example", "ops@example.com"),
        ("smtp://apikey:p@m.example", "tocsin@m.example"),
        ("smtp://m.example.", "tocsin@m.example"),
        ("smtp://127.0.0.1:25", "tocsin@localhost"),
    ],
)
def test_sender_is_the_account_or_tocsin_at_the_server(url: str, address: str) -> None:
    assert mail.server(url).default_sender == Sender("Tocsin", address)


def test_sender_may_have_a_name() -> None:
    assert mail.sender("ops@example.com") == Sender("Tocsin", "ops@example.com")
    assert mail.sender("Wächter <ops@example.com>") == Sender("Wächter", "ops@example.com")


@pytest.mark.parametrize(
    "text", ["", "tocsin", "a@b\nBcc: c@d", "ops@exämple.com", "a@b, c@d", "<a@b", "a@b>", "a b@c"]
)
def test_what_is_no_sender_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be an e-mail address"):
        mail.sender(text)
