"""Numbers people read out, keys they copy, ids that sort by time."""

import re
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.ids import (
    as_incident_number,
    as_postmortem_number,
    incident_number,
    postmortem_number,
    service_key,
    time_ordered,
)
from tests.domain.samples import NOW


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("inc-2026-44", "INC-2026-044"),
        (" INC-2026-044 ", "INC-2026-044"),
        ("INC-2026-1234", "INC-2026-1234"),
        ("INC-0000-1", "INC-0000-001"),
        ("INC-26-44", None),
        ("INC-٢٠٢٦-٤٤", None),
        ("ıNC-2026-44", None),
        ("INC-2026-044 now", None),
        ("", None),
    ],
)
def test_incident_numbers_are_read_as_people_write_them(text: str, expected: str | None) -> None:
    assert as_incident_number(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pm-2026-7", "PM-2026-007"),
        (" PM-2026-007 ", "PM-2026-007"),
        ("PM-٢٠٢٦-٧", None),
        ("INC-2026-007", None),
        ("", None),
    ],
)
def test_postmortem_numbers_are_read_as_people_write_them(text: str, expected: str | None) -> None:
    assert as_postmortem_number(text) == expected


@given(st.integers(0, 9999), st.integers(1, 999_999_999))
def test_every_number_reads_back_as_itself(year: int, ordinal: int) -> None:
    number = incident_number(year, ordinal)
    assert as_incident_number(number.lower()) == number
    written = postmortem_number(year, ordinal)
    assert as_postmortem_number(written.lower()) == written


@given(st.integers(1, 10**9), st.integers(0, 10**10))
def test_ids_sort_by_their_time(gap: int, offset: int) -> None:
    earlier = NOW + timedelta(milliseconds=offset)
    assert time_ordered(earlier) < time_ordered(earlier + timedelta(milliseconds=gap))


def test_ids_are_uuids_of_version_seven() -> None:
    ids = {time_ordered(NOW) for _ in range(1000)}
    assert len(ids) == 1000
    assert all(re.fullmatch(r"[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}", one) for one in ids)


def test_service_keys_fit_the_contract() -> None:
    keys = [service_key() for _ in range(500)]
    assert all(re.fullmatch(r"svc_[A-HJ-NP-TV-Z][A-HJ-NP-TV-Z2-9]{9}", key) for key in keys)
    assert not re.search("[IOU01]", "".join(key[4:] for key in keys))
