"""The doctor and the mail server: it connects, encrypts and logs in, and sends nothing."""

import pytest

from bot.cli.doctor import examine
from bot.cli.finding import Finding
from bot.settings import Secret, Settings
from tests.mail import post_office
from tests.mail.post_office import ELSEWHERE, PASSWORD, USER, Authority

KNOWN = f"{USER.replace('@', '%40')}:{PASSWORD.replace('/', '%2F').replace(' ', '%20')}"


async def found(url: str) -> Finding:
    settings = Settings(smtp_url=Secret(url), database_url="sqlite:////nowhere/tocsin.db")
    (only,) = [one async for one in examine(settings) if one.what.startswith("e-mail")]
    return only


async def test_mail_server_that_takes_letters_is_right() -> None:
    async with post_office.opened(asks_login=True) as office:
        finding = await found(office.url(credentials=KNOWN))
        assert finding == Finding(True, f"e-mail: 127.0.0.1:{office.port} takes letters")
    assert office.connections == 1
    assert office.letters == []


async def test_wrong_password_is_told_without_it() -> None:
    async with post_office.opened(asks_login=True) as office:
        finding = await found(office.url(credentials="u:canary"))
    assert not finding.is_right
    assert "takes no letters: the mail server refused the login (535)" in finding.what
    assert "canary" not in finding.what + finding.mend
    assert "SMTP_URL" in finding.mend


async def test_certificate_that_is_not_trusted_says_how_to_mend() -> None:
    async with post_office.opened(Authority().certify("0.0.0.0")) as office:  # noqa: S104
        finding = await found(office.url(ELSEWHERE))
    assert "certificate is not trusted" in finding.what
    assert "SSL_CERT_FILE" in finding.mend


@pytest.mark.parametrize("query", ["", "?starttls=required"])
async def test_mail_server_that_is_not_there_is_told(query: str) -> None:
    async with post_office.opened() as office:
        url = office.url(query=query)
    finding = await found(url)
    assert finding.what.endswith("takes no letters: the mail server cannot be reached: Connection refused")
    assert "start the mail server" in finding.mend


async def test_encryption_that_is_missing_is_told() -> None:
    async with post_office.opened(asks_login=True) as office:
        finding = await found(office.url(ELSEWHERE, KNOWN))
    assert "offers no encryption, and the password is not sent in clear" in finding.what
    assert office.logins == []
