"""Finding people, services and teams by what a person types."""

from datetime import timedelta

import pytest

from bot.domain.ids import PersonId
from tests.domain.samples import ADA, BEN, CHECKOUT, DATA, DATABASE, NOW, SHOP, organization


@pytest.mark.parametrize("text", ["checkout", "CHECKOUT", " Checkout ", "svc_checktkx44"])
def test_service_is_found_by_key_handle_or_name(text: str) -> None:
    found = organization().service_named(text)
    assert found is not None
    assert found.id == CHECKOUT


def test_service_is_found_by_a_name_of_two_words() -> None:
    found = organization().service_named("the DATABASE")
    assert found is not None
    assert found.id == DATABASE


def test_unknown_names_find_nothing() -> None:
    assert organization().service_named("chekout") is None
    assert organization().team_named("") is None
    assert organization().person_by_email("nobody@example.com") is None
    assert organization().person(PersonId("nobody")) is None
    assert organization().person(None) is None


def test_capitals_in_an_email_do_not_matter() -> None:
    found = organization().person_by_email(" ADA@Example.com")
    assert found is not None
    assert found.id == ADA


def test_team_is_found_by_handle_or_name() -> None:
    found = organization().team_named("SHOP")
    assert found is not None
    assert found.id == SHOP


def test_shift_says_who_is_on_call_until_when() -> None:
    organized = organization()
    shift = organized.shift(organized.teams[SHOP], NOW)
    assert shift is not None
    assert shift.primary == BEN
    assert shift.ends_at - shift.starts_at == timedelta(days=7)
    assert organized.shift(organized.teams[DATA], NOW) is None
