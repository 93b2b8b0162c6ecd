"""GET /escalation-policies: who is paged after whom, for one severity."""

import pytest

from tests.contract.conftest import Api
from tests.contract.expect import INVALID, names, refusal

USUAL = ["primary", "secondary", "team_lead"]


@pytest.mark.parametrize(
    ("severity", "roles", "minutes", "enabled"),
    [
        ("SEV0", [*USUAL, "manager"], [5, 5, 5, 10], [True, True, True, True]),
        ("SEV1", [*USUAL, "manager"], [15, 10, 10, 15], [True, True, True, False]),
        ("SEV2", USUAL, [30, 30, 60], [True, True, True]),
        ("SEV4", USUAL, [30, 30, 60], [True, True, True]),
    ],
)
async def test_policy_has_exactly_the_levels_of_the_organization(
    api: Api, severity: str, roles: list[str], minutes: list[int], enabled: list[bool]
) -> None:
    policy = await (await api.client()).escalation_policy(severity=severity)
    assert policy.keys() == {"id", "severity_level", "levels"}
    levels = policy["levels"]
    for one in levels:
        assert one.keys() == {"level", "role", "timeout_minutes", "enabled"}
    assert [one["level"] for one in levels] == list(range(1, len(roles) + 1))
    assert [one["role"] for one in levels] == roles
    assert [one["timeout_minutes"] for one in levels] == minutes
    assert [one["enabled"] for one in levels] == enabled


async def test_policy_names_its_severity_and_has_an_id(api: Api) -> None:
    client = await api.client()
    policies = [await client.escalation_policy(severity=one) for one in ("SEV0", "SEV1")]
    assert [one["severity_level"] for one in policies] == ["SEV0", "SEV1"]
    assert policies[0]["id"] != policies[1]["id"]


async def test_severity_is_required(api: Api) -> None:
    refused = await refusal((await api.client()).escalation_policy())
    assert refused.what == INVALID
    assert names(refused.details, "severity")


@pytest.mark.parametrize("severity", ["", "SEV5", "high", "%00", "1"])
async def test_unknown_severity_names_itself(api: Api, severity: str) -> None:
    refused = await refusal((await api.client()).escalation_policy(severity=severity))
    assert refused.what == INVALID
    assert names(refused.details, "severity")
