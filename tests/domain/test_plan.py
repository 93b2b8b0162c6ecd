"""What differs between two organizations, part by part and field by field."""

from collections.abc import Mapping
from typing import Any

import pytest

from bot.domain.plan import Change, Field, Kind, changes

Part = Mapping[str, Any]


def schedules(**fields: Any) -> Part:
    return {"schedules": {"shop": {"name": "Shop", **fields}}}


def policy(*levels: Part, **fields: Any) -> Part:
    return {"escalation_policies": {"SEV1": {"levels": levels, **fields}}}


def people(**fields: Any) -> Part:
    return {"people": {"ada": {"name": "Ada", **fields}}}


WEEKLY = {"name": "weekly", "every": "1 week", "participants": ["ben", "emi"]}
OFFICE = {"name": "office", "hours": [{"from": "09:00", "to": "17:00", "days": ["mon", "tue"]}]}
XMAS = {"person": "gus", "from": "2026-12-24 10:00", "to": "2026-12-26 10:00"}
PRIMARY, LEAD = {"role": "primary", "timeout": "5 min"}, {"role": "team_lead", "timeout": "5 min"}


@pytest.mark.parametrize(
    ("was", "to", "expected"),
    [
        (people(role="viewer"), people(role="admin"), [("role", "viewer", "admin")]),
        (people(), people(slack="U1"), [("slack", None, "U1")]),
        (people(slack="U1"), people(), [("slack", "U1", None)]),
        (
            people(channels=["slack"]),
            people(channels=["slack", "email"]),
            [("channels", "slack", "slack, email")],
        ),
        (
            policy(PRIMARY, LEAD),
            policy(PRIMARY, {**LEAD, "timeout": "8 min"}, repeat=2),
            [("levels.2.timeout", "5 min", "8 min"), ("repeat", None, "2")],
        ),
        (
            policy(PRIMARY),
            policy(PRIMARY, LEAD),
            [("levels.2.role", None, "team_lead"), ("levels.2.timeout", None, "5 min")],
        ),
        (
            schedules(layers=[WEEKLY]),
            schedules(layers=[{**WEEKLY, "participants": ["emi", "ben"]}]),
            [("layers.weekly.participants", "ben, emi", "emi, ben")],
        ),
        (
            schedules(layers=[WEEKLY]),
            schedules(layers=[WEEKLY, OFFICE]),
            [
                ("layers", "weekly", "weekly, office"),
                ("layers.office.name", None, "office"),
                ("layers.office.hours", None, "from 09:00 to 17:00 days (mon, tue)"),
            ],
        ),
        (
            schedules(layers=[WEEKLY, OFFICE]),
            schedules(layers=[OFFICE, WEEKLY]),
            [("layers", "weekly, office", "office, weekly")],
        ),
        (
            schedules(overrides=[XMAS]),
            schedules(overrides=[{**XMAS, "person": "emi"}, XMAS]),
            [("overrides", None, "person emi from 2026-12-24 10:00 to 2026-12-26 10:00")],
        ),
    ],
)
def test_changed_part_names_each_field_as_it_was_and_is(
    was: Part, to: Part, expected: list[tuple[str, str | None, str | None]]
) -> None:
    (change,) = changes(was, to)
    assert change.kind is Kind.CHANGED
    assert change.fields == tuple(Field(*one) for one in expected)


def test_what_is_equal_is_not_told() -> None:
    assert changes(schedules(layers=[WEEKLY]), schedules(layers=[WEEKLY])) == ()
    assert changes(people(channels=[], slack=None), people()) == ()


def test_added_part_tells_all_of_itself() -> None:
    assert changes({}, people()) == (Change(Kind.ADDED, "people", "ada", (Field("name", None, "Ada"),)),)


@pytest.mark.parametrize("to", [{}, {"people": {}}, people(active=False)])
def test_who_is_gone_or_retired_is_removed(to: Part) -> None:
    (change,) = changes(people(active=True), to)
    assert (change.kind, change.part, change.handle) == (Kind.REMOVED, "people", "ada")


def test_who_comes_back_is_added() -> None:
    (change,) = changes(people(active=False), people(active=True))
    assert (change.kind, change.fields) == (Kind.ADDED, (Field("active", "no", "yes"),))


def test_organization_itself_has_no_handle() -> None:
    was, to = ({"organization": {"name": name}} for name in ("Old", "New"))
    assert changes(was, to) == (Change(Kind.CHANGED, "organization", "", (Field("name", "Old", "New"),)),)
    assert changes({}, to)[0].kind is Kind.ADDED
