"""The environment: what it may say, and what is answered when it is wrong."""

import pickle
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import settings
from bot.settings import Secret, Settings, SettingsError

BOT = "xoxb-1234-canary"
FULL = {
    "SLACK_BOT_TOKEN": BOT,
    "SLACK_APP_TOKEN": "xapp-1-canary",
    "SLACK_SIGNING_SECRET": "signing-canary",
    "SLACK_API_URL": "http://127.0.0.1:9000/api",
    "DATABASE_URL": "sqlite:////var/lib/tocsin/tocsin.db",
    "HOST": "0.0.0.0",  # noqa: S104 a value, not a socket
    "PORT": "9090",
    "SMTP_URL": "smtp://ada:p%40ss-canary@mail.example.com:587",
    "EMAIL_FROM": "tocsin@example.com",
    "TOCSIN_SECRET": "0123456789abcdef-canary",
    "TOCSIN_ORGANIZATION": "/etc/tocsin/organization.yaml",
    "LOG_FORMAT": "JSON",
    "LOG_LEVEL": "debug",
}


def complaints(environment: dict[str, str]) -> dict[str, str]:
    with pytest.raises(SettingsError) as error:
        settings.read(environment)
    return dict(error.value.details)


def test_empty_environment_gives_the_defaults() -> None:
    assert settings.read({}) == Settings()
    assert settings.read(dict.fromkeys(FULL, "")) == Settings()
    assert Settings().slack_api_url == "https://slack.com/api/"
    assert Settings().database_url == "sqlite:///tocsin.db"
    assert Settings().port == 8080


def test_every_value_is_read() -> None:
    read = settings.read(FULL)
    assert read.slack_bot_token == Secret(BOT)
    assert read.slack_app_token == Secret("xapp-1-canary")
    assert read.slack_signing_secret == Secret("signing-canary")
    assert read.slack_api_url == "http://127.0.0.1:9000/api/"
    assert read.database_url == FULL["DATABASE_URL"]
    assert (read.host, read.port) == (FULL["HOST"], 9090)
    assert read.smtp_url == Secret(FULL["SMTP_URL"])
    assert read.email_from == "tocsin@example.com"
    assert read.tocsin_secret == Secret(FULL["TOCSIN_SECRET"])
    assert read.organization == Path("/etc/tocsin/organization.yaml")
    assert (read.log_format, read.log_level) == ("json", "DEBUG")


def test_socket_mode_follows_the_app_token() -> None:
    assert settings.read(FULL).is_socket_mode
    assert not settings.read({}).is_socket_mode


@pytest.mark.parametrize(
    ("secret", "expected"),
    [
        ("0123456789abcdef" * 2, None),
        ('"0123456789abcdef0123456789abcdef"', "has quotes around it"),
        ("'0123456789abcdef0123456789abcdef'", "has quotes around it"),
        ("0123456789abcdef", "does not look like Slack's"),
        ("xapp-1-canary", "does not look like Slack's"),
    ],
)
def test_signing_secret_that_is_hardly_one_is_doubted_where_it_is_used(
    secret: str, expected: str | None
) -> None:
    doubt = settings.read({"SLACK_SIGNING_SECRET": secret}).doubt
    assert doubt is None if expected is None else expected in str(doubt)
    assert "canary" not in str(doubt)
    assert settings.read({"SLACK_SIGNING_SECRET": secret, "SLACK_APP_TOKEN": "xapp-1"}).doubt is None


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("SLACK_BOT_TOKEN", "xapp-1-canary", "must be a token that begins with xoxb-, not xapp-"),
        ("SLACK_BOT_TOKEN", "canary", "must be a token that begins with xoxb-"),
        ("SLACK_APP_TOKEN", BOT, "must be a token that begins with xapp-, not xoxb-"),
        ("SLACK_BOT_TOKEN", f"{BOT} {BOT}", "must be visible ASCII characters without spaces"),
        ("SLACK_API_URL", "slack.com", "must be an http or https address such as https://slack.com/api/"),
        ("SLACK_API_URL", "https://[::1", "must be a URL"),
        ("DATABASE_URL", "postgresql://u:canary@db", "must name the database"),
        ("DATABASE_URL", "postgresql://u:canary@db:99999/t", "must have a port"),
        ("DATABASE_URL", "postgresql://u:can[ary@db/t", "percent-encoded, such as %5B for ["),
        ("DATABASE_URL", "postgresql://u:can#ary@db/t", "percent-encoded"),
        ("DATABASE_URL", "postgresql://u:can/ary@db/t", "percent-encoded"),
        ("DATABASE_URL", "postgresql://u:canary@db:0/t", "must have a port"),
        ("DATABASE_URL", "postgresql://u:canary@db,/t", "names a host that is empty"),
        ("DATABASE_URL", "postgresql:///t?port=x", "must have a port"),
        ("DATABASE_URL", "postgresql://u:canary@db/t?pgbouncer=true", "the parameter pgbouncer, which"),
        ("DATABASE_URL", "postgresql://db/t?password=a&canary=b", "the parameter …, which"),
        ("DATABASE_URL", "postgresql://u:canary@db/t?channel_binding=require", "asks for a channel_binding"),
        ("DATABASE_URL", "postgresql://u:canary@db/t?gssencmode=require", "asks for a gssencmode"),
        ("DATABASE_URL", "postgresql://u:canary@db/t?target_session_attrs=standby", "read-write or primary"),
        ("DATABASE_URL", "postgresql://u:canary@db/t?connect_timeout=canary", "as connect_timeout"),
        ("DATABASE_URL", "postgresql:canary", "or postgresql://user:password@host"),
        ("DATABASE_URL", "postgresql:/canary", "or postgresql://user:password@host"),
        ("DATABASE_URL", "sqlite+pysqlite:///t.db", "must be sqlite:///tocsin.db"),
        ("DATABASE_URL", "sqlite://", "must be sqlite:///tocsin.db"),
        ("DATABASE_URL", "sqlite:///:memory:", "a database in memory forgets its incidents"),
        ("DATABASE_URL", "sqlite:///a.db?mode=memory", "without options"),
        ("DATABASE_URL", "mysql://canary", "or postgresql://user:password@host"),
        ("HOST", "local host", "without spaces"),
        ("PORT", "65536", "must be a number from 0 to 65535"),
        ("PORT", "-1", "must be a number"),
        ("PORT", "٨٠", "must be a number"),
        ("PORT", "9" * 6000, "must be a number"),
        ("SMTP_URL", "http://mail:canary@x", "must look like smtp://user:password@host:port"),
        ("SMTP_URL", "smtp://mail.example.com:smtp", "must be a URL"),
        ("EMAIL_FROM", "tocsin", "must be an e-mail address"),
        ("EMAIL_FROM", "a@b.c\nBcc: d@e.f", "must be an e-mail address"),
        ("TOCSIN_SECRET", "short", "must have at least 16 characters"),
        ("HTTPS_PROXY", "socks5://u:canary@h:1080", "must be the address of an HTTP proxy"),
        ("http_proxy", "http://u:canary@", "must be the address of an HTTP proxy"),
        ("LOG_FORMAT", "xml", "must be text or json"),
        ("LOG_LEVEL", "loud", "must be DEBUG, INFO, WARNING or ERROR"),
    ],
)
def test_wrong_value_is_told_by_name(name: str, value: str, expected: str) -> None:
    wrong = complaints({name: value})
    assert list(wrong) == [name]
    assert expected in wrong[name]
    assert "canary" not in wrong[name]


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("postgres:///t?host=/nosuch", "postgresql:///t?host=/nosuch"),
        ("postgres://u:p@h/t", "postgresql://u:p@h/t"),
        ("postgresql+psycopg2://u:p@h/t", "postgresql://u:p@h/t"),
    ],
)
def test_address_of_postgresql_is_one_under_each_of_its_names(given: str, taken: str) -> None:
    assert settings.database_url(given) == taken


def test_passwords_of_the_database_are_secret_wherever_they_stand() -> None:
    said = settings.read({"DATABASE_URL": "postgresql://u:p%40ss@h/t?sslpassword=other&password=third"})
    assert {one.reveal() for one in said.secrets} == {"p%40ss", "other", "third"}


@pytest.mark.parametrize(
    ("environment", "url", "proxy"),
    [
        ({}, "https://slack.com/api/", None),
        ({"HTTPS_PROXY": "http://p:3128"}, "https://slack.com/api/", "http://p:3128"),
        ({"https_proxy": "p:3128", "HTTP_PROXY": "http://q"}, "https://slack.com/api/", "http://p:3128"),
        ({"http_proxy": "http://p"}, "https://slack.com/api/", "http://p"),
        ({"HTTPS_PROXY": "http://p", "NO_PROXY": "corp.example, slack.com"}, "https://slack.com/api/", None),
        ({"HTTPS_PROXY": "http://p", "no_proxy": ".corp.example"}, "https://a.corp.example/x", None),
        ({"HTTPS_PROXY": "http://p", "no_proxy": ".corp.example"}, "https://corp.example.net", "http://p"),
        ({"HTTPS_PROXY": "http://p", "NO_PROXY": "*"}, "https://slack.com/api/", None),
        ({"HTTPS_PROXY": "http://p"}, "http://127.0.0.1:8080/api/", None),
        ({"HTTPS_PROXY": "http://p"}, "http://[::1]:8080/api/", None),
        ({"HTTPS_PROXY": "http://p"}, "http://localhost/api/", None),
        ({"HTTPS_PROXY": "http://p"}, "http://10.0.0.1/api/", "http://p"),
    ],
)
def test_proxy_is_for_what_is_elsewhere_and_not_excepted(
    environment: dict[str, str], url: str, proxy: str | None
) -> None:
    assert settings.read(environment).proxies.of(url) == proxy


def test_password_of_a_proxy_is_secret() -> None:
    said = settings.read({"HTTPS_PROXY": "http://u:p%40ss-canary@p:3128"})
    assert [one.reveal() for one in said.secrets] == ["p@ss-canary"]
    assert "canary" not in repr(said)


def test_all_wrong_values_are_told_at_once() -> None:
    with pytest.raises(SettingsError) as error:
        settings.read({"PORT": "x", "LOG_FORMAT": "x", "SLACK_APP_TOKEN": "x"})
    assert set(error.value.details) == {"PORT", "LOG_FORMAT", "SLACK_APP_TOKEN"}
    assert len(error.value.sentence.splitlines()) == 3


def test_secret_comes_from_the_file_it_names(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(f"{BOT}\n")
    assert settings.read({"SLACK_BOT_TOKEN_FILE": str(path)}).slack_bot_token == Secret(BOT)


def test_secret_given_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(BOT)
    wrong = complaints({"SLACK_BOT_TOKEN": BOT, "SLACK_BOT_TOKEN_FILE": str(path)})
    assert wrong == {"SLACK_BOT_TOKEN": "and SLACK_BOT_TOKEN_FILE are both set; keep one"}


def test_unreadable_secret_file_is_told(tmp_path: Path) -> None:
    wrong = complaints({"TOCSIN_SECRET_FILE": str(tmp_path / "absent")})
    assert wrong == {"TOCSIN_SECRET_FILE": "names a file that cannot be read: No such file or directory"}
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe\x00")
    assert "it is not text" in complaints({"TOCSIN_SECRET_FILE": str(binary)})["TOCSIN_SECRET_FILE"]


def test_settings_show_no_secret() -> None:
    read = settings.read(FULL)
    shown = f"{read} {read!r} {asdict(read)} {[*read.secrets]}"
    assert "canary" not in shown
    assert "Secret(…)" in shown


def test_secret_cannot_be_pickled() -> None:
    with pytest.raises(TypeError, match="not written down"):
        pickle.dumps(Secret(BOT))


def test_secrets_name_the_mail_password_alone() -> None:
    revealed = [one.reveal() for one in settings.read(FULL).secrets]
    assert "p@ss-canary" in revealed
    assert len(revealed) == 6


@given(st.dictionaries(st.sampled_from(sorted(FULL)), st.text(), max_size=4))
def test_any_environment_is_read_or_refused(environment: dict[str, str]) -> None:
    try:
        read = settings.read(environment)
    except SettingsError as error:
        told = error.details
    else:
        told = {}
        assert 0 <= read.port <= 65_535
    assert set(told) <= set(environment)
