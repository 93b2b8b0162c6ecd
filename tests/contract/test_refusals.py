"""Whoever is refused all the time waits; nobody waits for an answer because of them."""

import asyncio

import pytest

from bot.api import refusals
from bot.api.refusals import AT_ONCE, LONGEST_SECONDS, PER_SECOND, Refusals
from tests.contract.conftest import Api


def test_some_are_told_at_once_and_more_of_them_evenly() -> None:
    spaced = Refusals()
    waits = [spaced.take("a", 100.0) for _ in range(AT_ONCE + 11)]
    assert waits[: AT_ONCE + 1] == [0.0] * (AT_ONCE + 1)
    assert waits[AT_ONCE + 1 :] == pytest.approx([n / PER_SECOND for n in range(1, 11)])


def test_another_address_does_not_wait_and_nobody_for_ever() -> None:
    spaced = Refusals()
    waits = [spaced.take("a", 100.0) for _ in range(10 * PER_SECOND)]
    assert max(waits) == pytest.approx(LONGEST_SECONDS)
    assert spaced.take("b", 100.0) == 0.0


def test_long_flood_is_forgotten_as_soon_as_a_short_one() -> None:
    spaced = Refusals()
    for _ in range(100 * PER_SECOND):
        spaced.take("a", 100.0)
    assert spaced.take("a", 100.0 + LONGEST_SECONDS + AT_ONCE / PER_SECOND + 0.1) == 0.0


def test_who_was_calm_for_a_while_is_told_at_once_again() -> None:
    spaced = Refusals()
    waits = [spaced.take("a", 100.0) for _ in range(2 * PER_SECOND)]
    assert waits[-1] > 0
    assert spaced.take("a", 110.0) == 0.0


async def test_answers_are_given_while_refusals_wait(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    key, is_over = await api.key(), asyncio.Event()

    async def until_it_is_over(_: float) -> None:
        await is_over.wait()

    monkeypatch.setattr(refusals, "sleep", until_it_is_over)
    monkeypatch.setattr(refusals, "AT_ONCE", 0)
    monkeypatch.setattr(refusals, "PER_SECOND", 0.001)
    refused = [asyncio.create_task(api.request("GET", "/api/v1/incidents", "rf_unknown")) for _ in range(3)]
    await asyncio.wait(refused, return_when=asyncio.FIRST_COMPLETED)
    assert (await api.request("GET", "/api/v1/incidents", key)).status == 200
    assert sum(one.done() for one in refused) == 1
    is_over.set()
    assert [(await one).status for one in refused] == [401] * 3
