"""Whom an event of a calendar puts on call."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.ids import PersonId
from bot.domain.imported import Occurrence, duties
from bot.domain.organization import Person
from bot.domain.rights import Role
from bot.domain.schedule import Duty

AT = datetime(2026, 10, 1, 8, tzinfo=UTC)
PEOPLE = {
    one.id: one
    for one in (
        Person(PersonId("ada"), "Ada Okafor", "ada@example.com"),
        Person(PersonId("ann"), "Ann Li", "ann@example.com"),
        Person(PersonId("chen"), "Ann Li Chen", "chen@example.com"),
        Person(PersonId("dev"), "Dev Patel", "Dev@Example.com"),
        Person(PersonId("eve"), "Eve Gone", "eve@example.com", is_active=False),
        Person(PersonId("gus"), "Gus Lindqvist", "gus@example.com", Role.ADMIN),
        Person(PersonId("hana"), "Hana Kovač", "hana@example.com", Role.VIEWER),
    )
}


@pytest.mark.parametrize(
    ("title", "attendees", "organizer", "wanted"),
    [
        ("Pager", ("dev@example.com",), "gus@example.com", ["dev"]),
        ("Pager", ("gus@example.com", "dev@example.com"), "gus@example.com", ["dev"]),
        ("Pager", ("gus@example.com",), "gus@example.com", ["gus"]),
        ("Pager", ("dev@example.com", "ada@example.com"), None, ["dev", "ada"]),
        ("Pager: ada", ("someone@elsewhere.example",), "gus@example.com", ["ada"]),
        ("Call ADA@EXAMPLE.COM!", (), "gus@example.com", ["ada"]),
        ("On call (Dev Patel)", (), None, ["dev"]),
        ("dev  patel", (), None, ["dev"]),
        ("Ann Li Chen", (), None, ["chen"]),
        ("Ann Li / Dev Patel", (), None, ["ann", "dev"]),
        ("Ada Okafor for the dev team", (), None, ["ada"]),
        ("ADA: nights", (), None, ["ada"]),
        ("Adamant developers", (), None, []),
        ("Pager", (), "gus@example.com", ["gus"]),
        ("Eve Gone", (), "gus@example.com", []),
        ("Hana Kovač", (), "gus@example.com", []),
        ("Zoe", (), None, []),
    ],
)
def test_event_is_about_the_first_whom_it_names(
    title: str, attendees: tuple[str, ...], organizer: str | None, wanted: list[str]
) -> None:
    one = Occurrence(title, AT, AT + timedelta(hours=8), attendees, organizer)
    found, unknown = duties([one], PEOPLE)
    assert found == tuple(Duty(PersonId(person), one.starts_at, one.ends_at) for person in wanted)
    assert unknown == (() if wanted else (one,))


def test_nobody_is_named_where_nobody_is_known() -> None:
    one = Occurrence("", AT, AT + timedelta(hours=8))
    assert duties([one], {}) == ((), (one,))


def test_who_has_another_handle_now_is_named_by_the_same_address_and_name() -> None:
    old = Person(PersonId("okafor"), "Ada Okafor", "ada@example.com", is_active=False)
    for one in ("ada@example.com", "Ada Okafor"):
        found, _ = duties([Occurrence(one, AT, AT + timedelta(hours=8))], {**PEOPLE, old.id: old})
        assert [duty.person for duty in found] == ["ada"]
