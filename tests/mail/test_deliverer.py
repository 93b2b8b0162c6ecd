"""One page by e-mail: what comes of it, whatever the mail server does."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import aiosmtplib
import pytest
from aiosmtpd.smtp import SMTP

from bot.domain.delivery import LEASE_ENDED, Dropped, Never, Sent, TryAgain
from bot.domain.timeline import TOCSIN
from bot.mail import deliverer
from bot.operations import respond
from storage.database import Connection, Full
from tests.mail.conftest import CREDENTIALS, LINK, Desk
from tests.mail.post_office import ELSEWHERE, PASSWORD, USER, Authority, opened

#: Enough for a server on this machine; who falls silent is not waited for longer.
SHORT = 0.3


# What arrives


async def test_letter_says_what_is_wrong_and_where_to_go(desk: Desk) -> None:
    async with opened() as office:
        outcome = await desk.sends(office.url())
    (letter,) = office.letters
    assert (letter.sender, letter.recipient) == ("tocsin@example.com", "farid@example.com")
    assert outcome == Sent(receipt=letter.message["Message-ID"])
    for part in (letter.text, letter.html):
        assert "Checkout is down" in part
        assert "Tocsin pages you." in part
        assert LINK in part


async def test_headers_place_the_letter_in_its_thread(desk: Desk) -> None:
    async with opened() as office:
        await desk.sends(office.url())
        first = desk.incident.id
        await desk.declare("Search is slow")
        await desk.sends(office.url())
        await desk.sends(office.url(), desk.owed("emi"))
    headers = [one.message for one in office.letters]
    assert first != desk.incident.id
    assert headers[0]["References"] != headers[1]["References"] == headers[2]["References"]
    assert len({one["Message-ID"] for one in headers}) == 3
    assert headers[1]["In-Reply-To"] == headers[1]["References"]
    assert headers[0]["Message-ID"].endswith("@example.com>")
    assert headers[0]["Subject"] == "[INC-2026-001] SEV1: Checkout is down"
    assert headers[0]["X-Tocsin-Incident"] == "INC-2026-001"
    assert headers[0]["To"] == "Farid Haddad <farid@example.com>"
    assert headers[0]["Auto-Submitted"] == "auto-generated"
    assert headers[0]["Importance"] == "high"
    assert headers[-1]["Date"].datetime == desk.clock.now()


async def test_repeat_carries_the_same_message_id(desk: Desk) -> None:
    async with opened() as office:
        await desk.sends(office.url())
        desk.clock.forward(minutes=1)
        assert isinstance(await desk.sends(office.url(), desk.owed(is_in_doubt=True)), Sent)
    assert len(office.letters) == 2
    assert len({one.message["Message-ID"] for one in office.letters}) == 1


async def test_title_with_line_ends_and_dots_arrives_whole(desk: Desk) -> None:
    await desk.declare("Oh no\r\nBcc: eve@example.com \u2028 =?utf-8?q?a=0D=0ABcc:_eve=40example.com?= 🔥")
    async with opened() as office:
        await desk.sends(office.url())
    (letter,) = office.letters
    assert letter.message["Bcc"] is None
    assert letter.message["Subject"].startswith("[INC-2026-002] SEV1: Oh no Bcc: eve@example.com")
    assert "🔥" in letter.text
    assert all(line.strip() != b"." for line in letter.content.splitlines())


async def test_letter_that_another_process_may_have_taken_up_is_not_sent(desk: Desk) -> None:
    async with opened() as office:
        outcome = await desk.sends(office.url(), replace(desk.owed(), is_ours=lambda: False))
    assert outcome == LEASE_ENDED
    assert office.letters == []


async def test_lease_that_ends_while_the_server_waits_for_the_letter_holds_it_back(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of a process that stood still between its last word and the letter."""
    asked: list[str] = []
    async with opened() as office:
        stage = office.stage

        async def watched(name: str, clerk: SMTP) -> str | None:
            asked.append(name)
            return await stage(name, clerk)

        monkeypatch.setattr(office, "stage", watched)
        until_then = replace(desk.owed(), is_ours=lambda: "DATA" not in asked)
        outcome = await desk.sends(office.url(), until_then)
    assert outcome == LEASE_ENDED
    assert office.letters == []


async def test_letter_that_was_answered_since_it_was_taken_up_is_not_sent(desk: Desk) -> None:
    """But one by hand by a chosen method is what somebody wanted, whatever was answered."""
    by_itself = replace(desk.owed().owed, sequence=desk.incident.sequence - 1)
    await desk.database.write(
        lambda tx: respond.acknowledge(tx, desk.clock.now(), TOCSIN, desk.incident.number)
    )
    async with opened() as office:
        outcome = await desk.sends(office.url(), replace(desk.owed(), owed=by_itself))
        assert (outcome, office.letters) == (Dropped(), [])
        assert isinstance(await desk.sends(office.url()), Sent)


async def test_letter_that_is_answered_while_the_server_takes_its_time_is_not_sent(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_itself = replace(desk.owed().owed, sequence=desk.incident.sequence - 1)
    async with opened() as office:
        stage = office.stage

        async def answered(name: str, clerk: SMTP) -> str | None:
            if name == "RCPT":
                await desk.database.write(
                    lambda tx: respond.acknowledge(tx, desk.clock.now(), TOCSIN, desk.incident.number)
                )
            return await stage(name, clerk)

        monkeypatch.setattr(office, "stage", answered)
        outcome = await desk.sends(office.url(), replace(desk.owed(), owed=by_itself))
    assert (outcome, office.letters) == (Dropped(), [])


@pytest.mark.parametrize("trouble", ["refuses", "hangs"])
async def test_letter_goes_out_where_nobody_can_tell_whether_it_was_answered(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    monkeypatch.setattr(deliverer, "_LOOK_SECONDS", 0.05)
    read, looks = desk.database.read_in_turn, []

    async def away(query: Callable[[Connection], Any]) -> Any:
        looks.append(trouble)
        if len(looks) == 1:
            return await read(query)
        if trouble == "hangs":
            await asyncio.Event().wait()
        raise Full("The disk is full.")

    monkeypatch.setattr(desk.database, "read_in_turn", away)
    async with opened() as office:
        assert isinstance(await desk.sends(office.url()), Sent)
    assert (len(looks), len(office.letters)) == (2, 1)


# Encryption and login


async def test_connection_is_encrypted_where_the_server_can(desk: Desk, trusted: Authority) -> None:
    async with opened(trusted.certify("0.0.0.0"), asks_login=True) as office:  # noqa: S104
        assert isinstance(await desk.sends(office.url(ELSEWHERE, CREDENTIALS)), Sent)
    (letter,) = office.letters
    assert letter.is_encrypted
    assert letter.is_known
    assert office.logins == [(USER, PASSWORD)]


async def test_smtps_is_encrypted_from_the_start(desk: Desk, trusted: Authority) -> None:
    async with opened(trusted.certify("0.0.0.0"), is_smtps=True, asks_login=True) as office:  # noqa: S104
        assert isinstance(await desk.sends(office.url(ELSEWHERE, CREDENTIALS, "smtps")), Sent)
    assert office.letters[0].is_known


async def test_smtps_at_a_port_that_begins_without_tls_says_so(desk: Desk) -> None:
    """As at port 587. Python gives the failure the number 1, which elsewhere is “Operation not permitted”."""
    async with opened() as office:
        outcome = await desk.sends(office.url(ELSEWHERE, scheme="smtps"))
    assert outcome == TryAgain(
        "no encrypted connection to the mail server: it does not begin with TLS at this port; "
        "smtps:// is for port 465, smtp:// for 587"
    )


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
async def test_certificate_must_be_trusted(desk: Desk, authority: Authority, scheme: str) -> None:
    context = authority.certify("0.0.0.0")  # noqa: S104
    async with opened(context, is_smtps=scheme == "smtps", asks_login=True) as office:
        outcome = await desk.sends(office.url(ELSEWHERE, CREDENTIALS, scheme))
    assert isinstance(outcome, TryAgain)
    assert (
        outcome.why == "the mail server's certificate is not trusted: unable to get local issuer certificate"
    )
    assert outcome.after == timedelta(seconds=30)
    assert not office.logins


async def test_certificate_must_name_the_server(desk: Desk, trusted: Authority) -> None:
    async with opened(trusted.certify("mail.example.com"), asks_login=True) as office:
        outcome = await desk.sends(office.url(ELSEWHERE, CREDENTIALS))
    assert isinstance(outcome, TryAgain)
    assert "certificate is not trusted: IP address mismatch" in outcome.why
    assert not office.logins


async def test_server_on_this_machine_needs_no_certificate_that_names_it(
    desk: Desk, authority: Authority
) -> None:
    async with opened(authority.certify("mail.example.com"), asks_login=True) as office:
        assert isinstance(await desk.sends(office.url(credentials=CREDENTIALS)), Sent)
    assert office.letters[0].is_encrypted


async def test_password_is_not_sent_in_clear(desk: Desk) -> None:
    async with opened(asks_login=True) as office:
        outcome = await desk.sends(office.url(ELSEWHERE, CREDENTIALS))
        assert outcome == TryAgain(
            "the mail server offers no encryption, and the password is not sent in clear",
            timedelta(seconds=30),
        )
        assert not office.logins
        assert isinstance(await desk.sends(office.url(credentials=CREDENTIALS)), Sent)


async def test_required_encryption_that_is_not_offered_sends_nothing(desk: Desk) -> None:
    async with opened() as office:
        outcome = await desk.sends(office.url(query="?starttls=required"))
    assert isinstance(outcome, TryAgain)
    assert "offers no STARTTLS" in outcome.why
    assert not office.letters


async def test_unwanted_encryption_is_left_alone(desk: Desk, authority: Authority) -> None:
    async with opened(authority.certify("0.0.0.0")) as office:  # noqa: S104
        assert isinstance(await desk.sends(office.url(ELSEWHERE, query="?starttls=never")), Sent)
    assert not office.letters[0].is_encrypted


async def test_refused_login_is_tried_once_and_told_without_the_password(desk: Desk) -> None:
    async with opened(asks_login=True) as office:
        outcome = await desk.sends(office.url(credentials="tocsin:canary"))
    assert outcome == TryAgain("the mail server refused the login (535)", timedelta(seconds=30))
    assert office.logins == [("tocsin", "canary")]


async def test_server_without_login_is_told(desk: Desk) -> None:
    async with opened() as office:
        outcome = await desk.sends(office.url(credentials=CREDENTIALS))
    assert isinstance(outcome, TryAgain)
    assert "no login that Tocsin knows" in outcome.why


# Refusals


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA", "DOT"])
async def test_passing_trouble_is_tried_again(desk: Desk, stage: str) -> None:
    async with opened() as office:
        office.faults.answers[stage] = "451 4.3.0 Come back later"
        assert await desk.sends(office.url()) == TryAgain("the mail server said 451 4.3.0 Come back later")
        office.faults.answers.clear()
        assert isinstance(await desk.sends(office.url()), Sent)


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA", "DOT"])
async def test_refusal_is_final(desk: Desk, stage: str) -> None:
    async with opened() as office:
        office.faults.answers[stage] = "554 5.7.1 Not \x07 with us " + "x" * 300
        outcome = await desk.sends(office.url())
    assert isinstance(outcome, Never)
    assert outcome.why.startswith("the mail server said 554 5.7.1 Not with us xx")
    assert len(outcome.why) < 240
    assert not outcome.is_unknown_contact


@pytest.mark.parametrize(
    ("answer", "is_unknown"),
    [
        ("550 5.1.1 No such user", True),
        ("551 User not local", True),
        ("553 Mailbox name not allowed", True),
        ("550 5.7.1 Relaying denied", False),
        ("552 Mailbox full", False),
    ],
)
async def test_unknown_mailbox_means_that_the_person_cannot_be_reached(
    desk: Desk, answer: str, is_unknown: bool
) -> None:
    async with opened() as office:
        office.faults.answers["RCPT"] = answer
        outcome = await desk.sends(office.url())
    assert outcome == Never(f"the mail server said {answer}", is_unknown_contact=is_unknown)


# Silence


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA"])
async def test_silence_before_the_dot_is_cut_off_and_tried_again(desk: Desk, stage: str) -> None:
    async with opened() as office:
        office.faults.hangs = stage
        outcome = await desk.sends(office.url(), patience=SHORT)
    assert outcome == TryAgain("the mail server did not answer in time")
    assert not office.letters


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA"])
async def test_connection_lost_before_the_dot_is_tried_again(desk: Desk, stage: str) -> None:
    async with opened() as office:
        office.faults.closes = stage
        outcome = await desk.sends(office.url())
    assert outcome == TryAgain("the mail server closed the connection")
    assert not office.letters


@pytest.mark.parametrize("fault", ["hangs", "closes"])
async def test_letter_that_may_have_arrived_is_not_sent_again(desk: Desk, fault: str) -> None:
    async with opened() as office:
        setattr(office.faults, fault, "DOT")
        outcome = await desk.sends(office.url(), patience=SHORT)
    assert isinstance(outcome, Never)
    assert "did not confirm" in outcome.why
    assert "nobody is paged twice" in outcome.why
    assert len(office.letters) == 1


@pytest.mark.parametrize("step", ["execute_command", "ehlo"])
async def test_process_that_stood_still_hears_what_was_answered_meanwhile(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """It wakes up after all the time that it had: before its greeting, or when the letter has gone out."""
    loop, stood_still = asyncio.get_running_loop(), 0.0
    time, go_on = loop.time, getattr(aiosmtplib.SMTP, step)

    async def stand_still(*asked: Any, **more: Any) -> Any:
        if step == "ehlo" or b"." in asked:
            loop.call_soon(stop)
        return await go_on(*asked, **more)

    def stop() -> None:
        nonlocal stood_still
        stood_still += 60

    monkeypatch.setattr(loop, "time", lambda: time() + stood_still)
    monkeypatch.setattr(aiosmtplib.SMTP, step, stand_still)
    async with opened() as office:
        outcome = await desk.sends(office.url())
    (letter,) = office.letters
    assert outcome == Sent(receipt=letter.message["Message-ID"])


async def test_server_that_does_not_greet_is_cut_off(desk: Desk) -> None:
    silent = await asyncio.start_server(lambda _, writer: _kept.append(writer), "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    outcome = await desk.sends(f"smtp://127.0.0.1:{port}", patience=SHORT)
    assert outcome == TryAgain("the mail server did not answer in time")
    while _kept:
        _kept.pop().close()
    silent.close()


_kept: list[asyncio.StreamWriter] = []


async def test_server_that_is_not_there_is_tried_again(desk: Desk) -> None:
    async with opened() as office:
        url = office.url()
    assert await desk.sends(url) == TryAgain("the mail server cannot be reached: Connection refused")


@pytest.mark.parametrize(
    "said", [b"HTTP/1.1 400 Bad Request\r\n", b"554 No service\r\n", b"220 \xff\r\nx\r\n"]
)
async def test_something_else_that_answers_is_told_not_thrown(desk: Desk, said: bytes) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(said)
        await reader.read()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    outcome = await desk.sends(f"smtp://127.0.0.1:{port}", patience=SHORT)
    assert isinstance(outcome, TryAgain | Never)
    assert outcome.why.startswith(("the mail server", "what answers is no mail server"))
    server.close()
    await server.wait_closed()


# The person


@pytest.mark.parametrize(
    "address", ["farid", "a(b)@example.com", "a b@example.com", '"x y"@example.com', "@x"]
)
async def test_person_without_a_usable_address_is_unknown(desk: Desk, address: str) -> None:
    await desk.change("farid", email=address)
    async with opened() as office:
        outcome = await desk.sends(office.url())
    assert outcome == Never("they have no usable e-mail address", is_unknown_contact=True)
    assert office.connections == 0


async def test_address_beyond_ascii_needs_a_server_that_takes_it(desk: Desk) -> None:
    await desk.change("farid", email="فريد@example.com", name="فريد حداد")
    async with opened() as office:
        outcome = await desk.sends(office.url())
        assert outcome == Never(
            "the mail server cannot take an address beyond ASCII", is_unknown_contact=True
        )
    async with opened(takes_utf8=True) as office:
        assert isinstance(await desk.sends(office.url()), Sent)
    assert office.letters[0].recipient == "فريد@example.com"
    assert office.letters[0].message["To"].addresses[0].display_name == "فريد حداد"


async def test_person_who_has_left_is_not_written_to(desk: Desk) -> None:
    await desk.change("farid", is_active=False)
    async with opened() as office:
        assert await desk.sends(office.url()) == Never("they are not in the organization any more")
        gone = await desk.sends(office.url(), desk.owed("nobody"))
        assert isinstance(gone, Never)
    assert office.connections == 0


async def test_letter_waits_a_moment_for_the_channel_it_links_to(desk: Desk) -> None:
    desk.clock.forward(minutes=-4)
    async with opened() as office:
        outcome = await desk.sends(office.url())
        assert outcome == TryAgain("its channel is being created", timedelta(seconds=1), is_wait=True)
        desk.clock.forward(seconds=3)
        assert isinstance(await desk.sends(office.url()), Sent)


async def test_many_letters_go_out_side_by_side(desk: Desk) -> None:
    people = ("ada", "ben", "chloe", "dev", "emi", "farid")
    async with opened() as office:
        outcomes = await asyncio.gather(*(desk.sends(office.url(), desk.owed(one)) for one in people))
    assert all(isinstance(one, Sent) for one in outcomes)
    assert {one.recipient for one in office.letters} == {f"{one}@example.com" for one in people}
