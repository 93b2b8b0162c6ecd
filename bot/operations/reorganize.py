"""Apply an organization: all of it in one transaction, or nothing."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Connection

from bot.domain import escalation, ids
from bot.domain.audit import Action, Change, of_duty, of_organization
from bot.domain.delivery import Delivery, DeliveryKind
from bot.domain.organization import Organization, Person, Service, Team
from bot.domain.override import with_overrides
from bot.domain.rights import Right
from bot.domain.schedule import Override, Schedule
from bot.domain.timeline import TOCSIN, Actor
from bot.operations import audit, look_up, rows
from bot.operations.permit import permit
from bot.operations.record import owe
from bot.operations.refresh_cards import refresh_cards
from storage import organizations

Handle = TypeVar("Handle")
Value = TypeVar("Value", Person, Team, Service)


def apply(tx: Connection, now: datetime, actor: Actor, wanted: Organization) -> bool:
    """Whether anything changed. Who and what the file no longer names stays, inactive: incidents name them.

    A service keeps its public key for ever; a new one gets its own. Raises LacksRight.
    """
    permit(actor, Right.CONFIGURE)
    organizations.hold(tx)
    revision, _ = organizations.newest(tx)
    current = kept(tx)
    merged = _merged(current, wanted, ids.service_key)
    if revision is not None and merged == current:
        return False
    organizations.add(tx, (revision or 0) + 1, now, actor.name, rows.organization_document(merged))
    audit.keep(tx, now, actor, of_organization(current, merged))
    seek_people(tx, now, merged.people.values())
    seek_user_groups(tx, now, merged)
    return True


def put_on_top(
    tx: Connection, now: datetime, actor: Actor, overrides: Iterable[tuple[ids.ScheduleId, Override]]
) -> None:
    """These overrides win from now on. Who calls this holds the organization and has checked them."""
    revision, _ = organizations.newest(tx)
    current = kept(tx)
    was, schedules, changes = look_up.organization(tx), dict(current.schedules), []
    for schedule_id, override in overrides:
        before = schedules[schedule_id]
        schedules[schedule_id] = with_overrides(before, [override], now)
        changes.append(of_duty(before, override))
    changed, number = replace(current, schedules=schedules), (revision or 0) + 1
    organizations.add(tx, number, now, actor.name, rows.organization_document(changed))
    audit.keep(tx, now, actor, changes)
    refresh_cards(tx, now, was, f"organization:{number}")


def kept(tx: Connection) -> Organization:
    """The organization as it was applied, without what was found in Slack; one without a name before any."""
    revision, _ = organizations.newest(tx)
    return rows.organization(organizations.document(tx, revision)) if revision else Organization("")


def proposed(tx: Connection, wanted: Organization) -> tuple[Organization, Organization]:
    """What runs, and what would run once `wanted` is applied; keys of new services are still empty."""
    current = kept(tx)
    return current, _merged(current, wanted, str)


def is_empty(tx: Connection) -> bool:
    """Whether no organization was ever applied."""
    return organizations.newest(tx)[0] is None


def seek_people(tx: Connection, now: datetime, people: Iterable[Person] | None = None) -> None:
    """Owe a look-up by e-mail for every active person whose Slack account is not known."""
    for person in look_up.organization(tx).people.values() if people is None else people:
        if person.is_active and person.slack_id is None:
            owe(tx, now, [_find(person, now)])


def seek_user_groups(tx: Connection, now: datetime, organization: Organization | None = None) -> None:
    """Owe a look at who is in each Slack user group that a policy pages."""
    found = look_up.organization(tx) if organization is None else organization
    owe(
        tx,
        now,
        [
            Delivery(
                DeliveryKind.FIND_USER_GROUP,
                key=f"find_user_group:{handle}:{now:%Y-%m-%dT%H:%M}",
                lane=f"find_user_group:{handle}",
                subject=handle,
            )
            for handle in escalation.user_groups(found)
        ],
    )


def recognize(tx: Connection, now: datetime, email: str, slack_id: str) -> bool:
    """Whether the e-mail is that of a person whose Slack account this is; from now on it is known."""
    person = look_up.organization(tx).person_by_email(email) if email else None
    if person is None or person.slack_id not in (None, slack_id):
        return False
    keep_account(tx, now, person, slack_id)
    return True


def keep_account(tx: Connection, now: datetime, person: Person, slack_id: str) -> None:
    """This is the person's Slack account, by their e-mail; the audit log has it when it is news."""
    organizations.found_account(tx, person.id, person.email, slack_id, now)
    if person.slack_id is None:
        found = Change(Action.IDENTITY, person.id, person.email, f"{person.email} {slack_id}")
        audit.keep(tx, now, TOCSIN, [found])


def _find(person: Person, now: datetime) -> Delivery:
    return Delivery(
        DeliveryKind.FIND_PERSON,
        key=f"find_person:{person.id}:{person.email}:{now:%Y-%m-%dT%H:%M}",
        lane=f"find:{person.id}",
        person_id=person.id,
    )


def _merged(current: Organization, wanted: Organization, new_key: Callable[[], str]) -> Organization:
    services = {
        handle: replace(service, key=_key(current, handle, service.key, new_key))
        for handle, service in wanted.services.items()
    }
    return replace(
        wanted,
        people=_with_retired(current.people, wanted.people),
        teams=_with_retired(current.teams, wanted.teams),
        services=_with_retired(current.services, services),
        schedules=_with_overrides(current, wanted),
        keeps_overrides=frozenset(),
    )


def _with_overrides(current: Organization, wanted: Organization) -> dict[ids.ScheduleId, Schedule]:
    """Those that were made in Slack stay, where the file does not say what there shall be.

    Whoever left, or could not answer any more, must not stand before who is on call without them.
    """
    found = dict(wanted.schedules)
    for handle in wanted.keeps_overrides & current.schedules.keys() & found.keys():
        made = current.schedules[handle].overrides
        stay = tuple(one for one in made if escalation.may_answer(wanted, one.person))
        found[handle] = replace(found[handle], overrides=stay)
    return found


def _key(current: Organization, handle: ids.ServiceId, given: str, new_key: Callable[[], str]) -> str:
    known = current.services.get(handle)
    return known.key if known else given or new_key()


def _with_retired(current: Mapping[Handle, Value], wanted: Mapping[Handle, Value]) -> dict[Handle, Value]:
    gone = {handle: value for handle, value in current.items() if handle not in wanted}
    return {**wanted, **{handle: replace(value, is_active=False) for handle, value in gone.items()}}
