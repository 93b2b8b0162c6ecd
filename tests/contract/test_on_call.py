"""GET /on-call/current: who answers for each service now, and until when.

The story begins on a Monday at 03:00 UTC, before any of the schedules hands over that day.
"""

from typing import Any

from tests.contract.client import Json
from tests.contract.conftest import Api
from tests.contract.expect import utc

SERVICE = {
    "service_key",
    "service_name",
    "service_description",
    "team_name",
    "team_description",
    "on_call_engineers",
    "has_coverage",
    "primary_on_call",
    "schedule_names",
}
ENGINEER = {"name", "email", "slack_user_id", "role", "schedule_name", "shift_starts_at", "shift_ends_at"}


async def _service(api: Api, name: str) -> Json:
    services = (await (await api.client()).on_call())["services"]
    (service,) = [one for one in services if one["service_name"] == name]
    found: Json = service
    return found


async def test_answer_has_exactly_the_promised_fields(api: Api) -> None:
    told = await (await api.client()).on_call()
    assert told.keys() == {"timestamp", "summary", "services"}
    assert abs((utc(told["timestamp"]) - api.story.clock.now()).total_seconds()) < 60
    assert len(told["services"]) == 7
    for service in told["services"]:
        assert service.keys() == SERVICE
        assert service["on_call_engineers"]
        assert all(one.keys() == ENGINEER for one in service["on_call_engineers"])


async def test_summary_counts_the_services(api: Api) -> None:
    assert (await (await api.client()).on_call())["summary"] == {
        "total_services": 7,
        "services_with_coverage": 7,
        "services_without_coverage": 0,
        "coverage_percentage": 100,
    }


async def test_service_tells_its_team_and_its_schedule(api: Api) -> None:
    database = await _service(api, "Database")
    assert database["service_key"] == await (await api.client()).service_key("Database")
    assert database["service_description"] == "PostgreSQL and its pools"
    assert database["team_name"] == "Platform"
    assert database["team_description"] == "Databases, queues, deploys and the network"
    assert database["schedule_names"] == ["Platform on call"]
    assert database["has_coverage"] is True


async def _primary(api: Api, service: str) -> Any:
    return (await _service(api, service))["primary_on_call"]


def _shift(engineer: Json) -> tuple[str, str]:
    """When the shift starts and ends, to the minute, however finely the API tells it."""
    starts, ends = utc(engineer["shift_starts_at"]), utc(engineer["shift_ends_at"])
    return starts.isoformat(timespec="minutes"), ends.isoformat(timespec="minutes")


async def test_primary_of_a_weekly_rotation_is_told_with_the_shift(api: Api) -> None:
    """Handed over on Mondays at 09:00 in Berlin, which is 08:00 UTC in winter."""
    primary = await _primary(api, "Database")
    assert _shift(primary) == ("2026-02-23T08:00+00:00", "2026-03-02T08:00+00:00")
    assert {field: primary[field] for field in ENGINEER if not field.startswith("shift")} == {
        "name": "Chloé Martin",
        "email": "chloe@example.com",
        "slack_user_id": api.story.ids["chloe"],
        "role": "primary",
        "schedule_name": "Platform on call",
    }


async def test_shift_follows_the_time_zone_of_its_schedule(api: Api) -> None:
    """Handed over on Mondays at 10:00 in New York, which is 15:00 UTC in winter."""
    primary = await _primary(api, "Checkout")
    assert primary["email"] == "farid@example.com"
    assert _shift(primary) == ("2026-02-23T15:00+00:00", "2026-03-02T15:00+00:00")


async def test_rotation_of_three_days_counts_from_its_start(api: Api) -> None:
    primary = await _primary(api, "Storefront")
    assert primary["email"] == "chloe@example.com"
    assert _shift(primary) == ("2026-02-28T08:00+00:00", "2026-03-03T08:00+00:00")


async def test_handoff_changes_the_primary(api: Api) -> None:
    await api.forward(hours=6)
    assert (await _primary(api, "Database"))["email"] == "dev@example.com"
    assert (await _primary(api, "Checkout"))["email"] == "farid@example.com"


async def test_primary_is_the_engineer_with_that_role(api: Api) -> None:
    service = await _service(api, "Queue")
    primaries = [one for one in service["on_call_engineers"] if one["role"] == "primary"]
    assert primaries == [service["primary_on_call"]]


async def test_team_filter_matches_the_name_in_any_case(api: Api) -> None:
    client = await api.client()
    for name in ("Platform", "pLATFORM"):
        told = await client.on_call(team_name=name)
        found = sorted(one["service_name"] for one in told["services"])
        assert found == ["Database", "Deploys", "Queue"]
        assert told["summary"]["total_services"] == 3
